"""TensorFlow Lite: onnx2tf writes a flatbuffer, LiteRT loads it without custom operators."""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Set
from typing import Any

NAME = "tflite"
TITLE = "TensorFlow Lite (onnx2tf, LiteRT)"
DISTRIBUTIONS = ("onnx2tf", "ai-edge-litert")
INSTALL = "graphfix backends install tflite"
REQUIRES = ("onnx2tf==2.6.9", "ai-edge-litert==2.1.2", "onnxsim==0.6.5")
PYTHONS = ((3, 12), (3, 12))  # its pinned packages are tried there
RUNS_HERE = True
RESIZES = True
SIMPLIFIES = True
ARTIFACT = ".tflite"

NODE = re.compile(r"\b(?:op=\S+ node|op|node)=([^\s,]+)")
UNKNOWN = re.compile(r"custom op: ([\w, ]+)")
GENERATED = re.compile(r"sng_(\w+)_\d+")  # what nameless nodes are called
SOURCE, OUT = "model.onnx", "converted"
DELEGATE = "DELEGATE"
CUSTOM = ("ONNX_", "Flex")  # operators that plain LiteRT does not have


def blamed(message: str) -> list[str]:
    """Nodes in the converter's words, a nameless one by its operator; or operators it made custom, in capitals."""
    names = [GENERATED.sub(r"\1", name) for name in NODE.findall(message)]
    for listed in UNKNOWN.findall(message):
        names += [name.removeprefix("ONNX_") for name in listed.split(", ")]
    return list(dict.fromkeys(names))


def types(graph: Any) -> set[str]:
    """The operators of a graph, at every depth."""
    found = {node.op_type for node in graph.node}
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                found |= types(inner)
    return found


def sides(model: Any) -> set[str]:
    """The files below the model's folder that hold its weights."""
    entries = [entry for tensor in model.graph.initializer for entry in tensor.external_data]
    found = {os.path.normpath(entry.value) for entry in entries if entry.key == "location"}
    return {path for path in found if not path.startswith((os.sep, os.pardir))}


def fallback(kind: str, by: str, seen: Mapping[str, Set[str]]) -> str:
    """`undelegated` for an operator that stays with the plain kernels while XNNPACK runs the others; else empty."""
    return "" if by == DELEGATE else "undelegated"


def executed(interpreter: Any) -> list[tuple[str, str, list[str]]]:
    """The operators of an allocated flatbuffer: their names, who runs them, and the tensors they make.

    A delegate's node stands for the operators between what it reads and what it makes, which stay listed.
    """
    listed = interpreter._get_ops_details()
    makers = {int(made): op for op in listed if op["op_name"] != DELEGATE for made in op["outputs"]}
    taken: set[int] = set()
    for delegate in listed:
        if delegate["op_name"] != DELEGATE:
            continue
        given, left = set(map(int, delegate["inputs"])), list(map(int, delegate["outputs"]))
        while left:
            maker = makers.get(left.pop())
            if maker is not None and maker["index"] not in taken:
                taken.add(maker["index"])
                left += [tensor for tensor in map(int, maker["inputs"]) if tensor not in given]
    name = interpreter._interpreter.TensorName
    return [
        (op["op_name"], DELEGATE if op["index"] in taken else "", [name(int(made), 0) for made in op["outputs"]])
        for op in listed
        if op["op_name"] != DELEGATE
    ]


def litert() -> Any:
    """The module that runs flatbuffers, loaded from its file: the converter's interpreter does not have graphfix."""
    name = "graphfix_litert"
    if name not in sys.modules:
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "litert.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


class Rejected(Exception):
    """A stage that refused the model; `answer` is what is told of it."""

    def __init__(self, stage: str, message: str, nodes: list[str] | None = None) -> None:
        super().__init__(message)
        self.answer: dict[str, Any] = {"stage": stage, "message": message}
        if nodes is not None:
            self.answer["nodes"] = nodes


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import converter and interpreter; the function answers one request."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["TQDM_DISABLE"] = "3", "1"
    # onnx2tf runs `onnxsim` by its name.
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
    for needed in ("numpy", "onnx", "onnx2tf", "ai_edge_litert.interpreter"):
        importlib.import_module(needed)
    for late in ("onnx2tf.onnx2tf", "onnx2tf.tflite_builder", "onnxruntime", "tqdm.auto"):
        importlib.import_module(late)  # otherwise every forked child would import them again
    litert()
    with contextlib.suppress(Exception), tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        # It is kept by the name of the output folder, and takes 0.3 s to evaluate.
        importlib.import_module("onnx2tf.tflite_builder.schema_loader").load_schema_module(OUT)
    return ask


def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Convert the request's model and load what was written."""
    try:
        model = copied(request["model"])
        written = converted(request)
        interpreter = loaded(written, model)
    except Rejected as rejected:
        return rejected.answer
    return {
        "stage": "ok",
        "write": functools.partial(shutil.copy, written),
        "run": functools.partial(litert().run, interpreter, request["model"]),
        "again": interpreter.invoke,
        "run_resized": functools.partial(litert().run_resized, written, request["model"]),
        "placed": executed(interpreter) if request["options"].get("placement") else None,
    }


def copied(path: str) -> Any:
    """The model, without its weights, copied here with links to their files: onnx2tf rewrites its input."""
    import onnx

    try:
        model = onnx.load(shutil.copy(path, SOURCE), load_external_data=False)
    except Exception as error:
        raise Rejected("load", f"{type(error).__name__}: {error}") from error
    for side in sides(model):
        os.makedirs(os.path.dirname(side) or ".", exist_ok=True)
        os.symlink(os.path.join(os.path.dirname(path), side), side)
    return model


def converted(request: dict[str, Any]) -> str:
    """The path of the flatbuffer that onnx2tf made of the copied model."""
    import onnx2tf

    sizes = [f"{name}:{','.join(map(str, shape))}" for name, shape in request["shapes"].items()]
    try:
        onnx2tf.convert(
            input_onnx_file_path=SOURCE,
            output_folder_path=OUT,
            non_verbose=True,
            verbosity="error",
            overwrite_input_shape=sizes or None,
            keep_nwc_or_nhwc_or_ndhwc_input_names=request["options"].get("channels_last") or None,
            not_use_onnxsim=not request["options"].get("onnxsim", True),
        )
    except BaseException as error:  # it also leaves by sys.exit
        said = f"{type(error).__name__}: {error}"
        raise Rejected("convert", said, blamed(said)) from error
    written = glob.glob(f"{OUT}/*float32.tflite")
    if not written:
        raise Rejected("convert", "no float32 flatbuffer was written")
    return written[0]


def loaded(path: str, model: Any) -> Any:
    """LiteRT's interpreter of a flatbuffer, its tensors allocated and every operator one that plain LiteRT has."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(path)
        interpreter.allocate_tensors()
        # Behind a dynamic tensor allocation does not reach them.
        used = {detail["op_name"] for detail in interpreter._get_ops_details()}
        custom = sorted(name for name in used if name.startswith(CUSTOM))
        said = "unresolved custom op: " + ", ".join(custom) if custom else ""
    except Exception as error:
        said = str(error)
    if said:
        operators = {name.upper(): name for name in types(model.graph)}
        raise Rejected("runtime", said, [operators.get(name, name) for name in blamed(said)])
    return interpreter
