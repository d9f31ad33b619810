"""Qualcomm's NPU: onnxruntime's QNN execution provider prepares the nodes it takes for the Hexagon Tensor Processor.

The provider's libraries prepare graphs on x86 Linux as on the device, and run them in an emulator. What the provider does
not take, onnxruntime runs on the CPU; a model of which it takes nothing is refused at the stage `delegate`.

Option: `wholly`, to refuse a model of which any node stays on the CPU.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import json
import os
import re
import shutil
from collections.abc import Callable
from typing import Any

NAME = "qnn"
TITLE = "Qualcomm QNN (onnxruntime, HTP)"
DISTRIBUTIONS = ("onnxruntime-qnn", "onnxruntime")
INSTALL = "graphfix backends install qnn"
REQUIRES = ("onnxruntime-qnn==2.7.0", "onnxruntime==1.32.0")
PYTHONS = ((3, 11), (3, 14))
RUNS_HERE = True
DELEGATES = True
ARTIFACT = ".qnn.onnx"

PROVIDER = "QNNExecutionProvider"
SOC = "57"
"""Qualcomm's number of the Snapdragon 8 Gen 3: without a number the graph is prepared for processors without float16."""
TRACES, PREPARED = "traces", "prepared.onnx"
SAID = re.compile(r"^\[ONNXRuntimeError\] : \d+ : (\w+) : ")
NUMBERED = re.compile(r"QNNExecutionProvider(?:_\w+)?_\d{6,}\w*")
NAMED = re.compile(
    r"\bnode with name '([^']+)'|\bnode\. Name:\s?'([^']+)'|\bNode ?\(([^)]+)\) Op|\bOp \((\w+)\)|implementation for (\w+)\("
    r"|(\w+)\(-?\d+\) is not a registered"
)


def blamed(message: str) -> list[str]:
    """Nodes that onnxruntime's words name, a nameless one by its operator."""
    return list(dict.fromkeys(next(filter(None, found)) for found in NAMED.findall(message)))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import onnxruntime and register the provider; the function answers one request."""
    onnxruntime, plugin = importlib.import_module("onnxruntime"), importlib.import_module("onnxruntime_qnn")
    onnxruntime.register_execution_provider_library(PROVIDER, plugin.get_library_path())
    library = plugin.get_qnn_htp_path()
    ctypes.CDLL(library)  # otherwise every forked child would load its 100 MB
    return functools.partial(ask, onnxruntime, library)


def ask(onnxruntime: Any, library: str, request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Open a session with the request's model, and see which nodes the provider took."""
    opened = functools.partial(session, onnxruntime, library, request)
    try:
        found = opened()
    except Exception as error:
        said = str(error)
        kind = SAID.match(said)
        stage = "compile" if kind and kind[1] == "EP_FAIL" else "load"
        said = NUMBERED.sub("the graph", SAID.sub("", said) or said)  # of some errors there is only the kind
        return {"stage": stage, "message": said, "nodes": blamed(said)}
    parts = [(part.ep_name, part.get_nodes()) for part in found.get_provider_graph_assignment_info()]
    placed = [(node.op_type, by, [node.name] if node.name else []) for by, nodes in parts for node in nodes]
    left = [(kind, names) for kind, by, names in placed if by != PROVIDER]
    if left and (len(left) == len(placed) or request["options"].get("wholly")):
        nodes = list(dict.fromkeys(name for kind, names in left for name in names or [kind]))
        return {"stage": "delegate" if len(left) == len(placed) else "partly", "message": reasons(left), "nodes": nodes}
    return {
        "stage": "ok",
        "write": functools.partial(write, opened),
        "run": functools.partial(run, found),
    }


def session(onnxruntime: Any, library: str, request: dict[str, Any], **settings: str) -> Any:
    """A session with the request's model on the provider, and the CPU for what it leaves."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    for name, value in settings.items():
        options.add_session_config_entry(f"ep.{name}", value)
    for name, size in sizes(onnxruntime, request).items():
        options.add_free_dimension_override_by_name(name, size)
    devices = [device for device in onnxruntime.get_ep_devices() if device.ep_name == PROVIDER]
    chosen = {"backend_path": library, "soc_model": SOC, "enable_framework_op_trace": "1", "framework_op_trace_dir": TRACES}
    options.add_provider_for_devices(devices, chosen)
    return onnxruntime.InferenceSession(request["model"], options)


def sizes(onnxruntime: Any, request: dict[str, Any]) -> dict[str, int]:
    """The sizes of named dims in the request's shapes."""
    if not request["shapes"]:
        return {}
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    inputs = onnxruntime.InferenceSession(request["model"], options, providers=["CPUExecutionProvider"]).get_inputs()
    dims = [dim for one in inputs if one.name in request["shapes"] for dim in zip(one.shape, request["shapes"][one.name])]  # noqa: B905
    return {name: size for name, size in dims if isinstance(name, str)}


def reasons(left: list[tuple[str, list[str]]]) -> str:
    """Why nodes stay on the CPU, in the provider's words; it gives none for nodes of which it was not asked."""
    told: dict[str, str] = {}
    for folder, _, files in os.walk(TRACES):
        for name in files:
            with open(os.path.join(folder, name)) as source:
                found = json.load(source)["unsupported_nodes"]
            told |= {node["node_name"] or node["op_type"]: node["reason"] for node in found}
    words = []
    for kind, names in left:
        name = names[0] if names else kind
        why = told.get(name, "")
        words.append(f"{kind} `{name}` stays on the CPU" + (f": {why}" if why else ""))
    return "; ".join(dict.fromkeys(words))


def write(opened: Callable[..., Any], path: str) -> None:
    """Write a model in which what the provider took is one node with the prepared graph inside."""
    opened(context_enable="1", context_file_path=PREPARED, context_embed_mode="1")
    shutil.copyfile(PREPARED, path)


def run(found: Any, given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a session, by name; what the provider took is run in its emulator."""
    found.disable_fallback()  # to the CPU alone, where a run fails
    names = [one.name for one in found.get_outputs()]
    return list(zip(names, found.run(names, {one.name: given[one.name] for one in found.get_inputs()})))  # noqa: B905
