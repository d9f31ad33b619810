"""onnxruntime as the reference: a session without optimizations, or onnx's reference evaluator where it has no kernel."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnx import ModelProto

from graphfix.analysis.activation_memory import largest_result
from graphfix.ir.memory import usable_memory
from graphfix.ir.weight_offload import folder_of
from graphfix.verify.onnx_evaluator import Interpreter, lacks_kernel
from graphfix.verify.unsigned_weights import with_unsigned_weights
from graphfix.verify.wide_operands import with_wide_operands

TOO_BIG = 1_900_000_000
"""The bytes from which a model is given to onnxruntime as a file: protobuf's limit is 2 GiB."""
AT_NODE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : Non-zero status code returned while running (?P<op>\w+) node\. Name:'(?P<node>[^']*)' "
    r"Status Message: (?:/\S+:\d+ \S+\(.*?\) (?:.*? was false\. )?)?(?P<why>.+)"
)
"""The message of a failed node: codes, the node, a place in onnxruntime's source code, and only then what went wrong."""


@contextlib.contextmanager
def running(model: ModelProto) -> Iterator[Any]:
    """Yield a session, or onnx's reference evaluator where onnxruntime has no kernel for an operator of a small model."""
    with contextlib.ExitStack() as stack:
        try:
            loaded = stack.enter_context(session(model))
        except Exception as error:
            if not lacks_kernel(error, model):
                raise
            loaded = Interpreter(model)
        yield loaded


@contextlib.contextmanager
def session(model: ModelProto) -> Iterator[Any]:
    """Yield an onnxruntime session on one CPU thread, without optimizations and prepacking; big models go by file."""
    import onnxruntime as ort

    model = with_unsigned_weights(with_wide_operands(model))

    ort.set_default_logger_severity(4)  # its warnings on loading a model are not printed to users
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")
    providers = ["CPUExecutionProvider"]
    weights = folder_of(model)
    if weights is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", weights)
    if model.ByteSize() < TOO_BIG:
        yield ort.InferenceSession(model.SerializeToString(), options, providers=providers)
        return
    from graphfix.ir.io import save_model

    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        path = Path(folder) / "model.onnx"
        save_model(model, path, force=True)
        yield ort.InferenceSession(str(path), options, providers=providers)


def beyond_memory(model: ModelProto) -> str:
    """Return why this machine cannot run a model, from its facts; empty where nothing is known to be too large."""
    name, size = largest_result(model)
    usable = usable_memory()
    if usable is None or size <= usable:
        return ""
    return f"`{name}` takes {size / 1e9:,.0f} GB, and this machine has {usable / 1e9:,.0f} GB for it"


def brief(error: Exception) -> str:
    """Return an error's message on one line of at most 300 characters, without onnxruntime's codes and source files."""
    text = " ".join(str(error).split())
    if match := AT_NODE.match(text):
        text = f"`{match['op']}`{' at ' * bool(match['node'])}{match['node']}: {match['why']}"
    return text if len(text) < 300 else text[:297] + "..."
