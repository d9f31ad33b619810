"""onnxruntime as the reference: a session with nothing optimised, or onnx's own interpreter where it has no kernel."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from onnx import ModelProto

from graphfix.ir.weight_offload import folder_of
from graphfix.verify.onnx_evaluator import Interpreter, lacks_kernel

TOO_BIG = 1_900_000_000
"""Bytes from which a model is given to onnxruntime as a file: protobuf stops at 2 GiB."""


@contextlib.contextmanager
def running(model: ModelProto) -> Iterator[Any]:
    """A session, or onnx's own interpreter where onnxruntime has no kernel for an operator of a small model."""
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
    """An onnxruntime session on the CPU with nothing optimised, packed or parallel; big models go by file."""
    import onnxruntime as ort

    ort.set_default_logger_severity(4)  # what it says while it loads a model is not for our users
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")
    providers = ["CPUExecutionProvider"]
    aside = folder_of(model)
    if aside is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", aside)
    if model.ByteSize() < TOO_BIG:
        yield ort.InferenceSession(model.SerializeToString(), options, providers=providers)
        return
    from graphfix.ir.io import save_model

    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        path = Path(folder) / "model.onnx"
        save_model(model, path, force=True)
        yield ort.InferenceSession(str(path), options, providers=providers)


def brief(error: Exception) -> str:
    """An error's message on one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return text if len(text) < 300 else text[:297] + "..."
