"""TensorFlow Lite: onnx2tf converts to a flatbuffer, LiteRT loads it without custom operators."""

from __future__ import annotations

import contextlib
import functools
import glob
import importlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

NAME = "tflite"
TITLE = "TensorFlow Lite (onnx2tf, LiteRT)"
DISTRIBUTIONS = ("onnx2tf", "ai-edge-litert")
INSTALL = "graphfix backends install tflite"
REQUIRES = ("onnx2tf==2.6.9", "ai-edge-litert==2.1.2", "onnxsim==0.6.5")
PYTHONS = ((3, 12), (3, 12))  # the version that its pinned packages were tested with
RUNS_HERE = True
ARTIFACT = ".tflite"

NODE = re.compile(r"\b(?:op=\S+ node|op|node)=([^\s,]+)")
UNKNOWN = re.compile(r"custom op: ([\w, ]+)")
GENERATED = re.compile(r"sng_(\w+)_\d+")  # the names given to nodes without a name
OUT = "converted"
DELEGATE = "DELEGATE"
CUSTOM = ("ONNX_", "Flex")  # prefixes of operators that LiteRT does not have


def blamed(message: str) -> list[str]:
    """Return the nodes that a message names, one without a name by its operator; or the custom operators, in capitals."""
    names = [GENERATED.sub(r"\1", name) for name in NODE.findall(message)]
    for listed in UNKNOWN.findall(message):
        names += [name.removeprefix("ONNX_") for name in listed.split(", ")]
    return list(dict.fromkeys(names))


def layouts(array: Any) -> Iterator[Any]:
    """Yield the array unchanged, with channels last and with channels first: the layouts of onnx2tf for ranks 3 to 5."""
    yield array
    if 3 <= array.ndim <= 5:
        yield array.transpose(0, *range(2, array.ndim), 1)
        yield array.transpose(0, array.ndim - 1, *range(1, array.ndim - 1))


def fitting(array: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the layouts of the array that have this shape; a scalar may become a one-element array, and the reverse."""
    if array.size == 1 and all(size == 1 for size in shape):
        return [array.reshape(shape)]
    return [one for one in layouts(array) if one.shape == shape]


def types(graph: Any) -> set[str]:
    """Return the operators of a graph and of its subgraphs."""
    found = {node.op_type for node in graph.node}
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                found |= types(inner)
    return found


def sides(model: Any) -> set[str]:
    """Return the files of a model's external data, relative to its folder."""
    entries = [entry for tensor in model.graph.initializer for entry in tensor.external_data]
    found = {os.path.normpath(entry.value) for entry in entries if entry.key == "location"}
    return {path for path in found if not path.startswith((os.sep, os.pardir))}


def fallback(kind: str, by: str, seen: Mapping[str, Set[str]]) -> str:
    """Return `undelegated` for an operator that runs on the built-in kernels while XNNPACK runs others, else empty."""
    return "" if by == DELEGATE else "undelegated"


def executed(interpreter: Any) -> list[tuple[str, str, list[str]]]:
    """Return the operators of an allocated flatbuffer: their names, what runs them, and the tensors they produce.

    A delegate's node stands for the operators between its inputs and its outputs, which the interpreter lists as well.
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


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import converter and interpreter; returns the function that answers one request."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"], os.environ["TQDM_DISABLE"] = "3", "1"
    # onnx2tf starts `onnxsim` by its name.
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ.get("PATH", "")
    import numpy as np
    import onnx
    import onnx2tf
    from ai_edge_litert.interpreter import Interpreter

    for late in ("onnx2tf.onnx2tf", "onnx2tf.tflite_builder", "onnxruntime", "tqdm.auto"):
        importlib.import_module(late)  # so that forked children need not import them
    with contextlib.suppress(Exception), tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        # It is cached by the name of the output folder, and takes 0.3 s to evaluate.
        importlib.import_module("onnx2tf.tflite_builder.schema_loader").load_schema_module(OUT)

    def declared(path: str) -> dict[str, tuple[int, ...]]:
        """The static output shapes by name, in order, as far as the model declares them."""
        graph = onnx.load(path, load_external_data=False).graph
        return {o.name: tuple(d.dim_value for d in o.type.tensor_type.shape.dim) for o in graph.output}

    def astray(array: Any, wanted: Any) -> float:
        """The share of elements that differ from the expected ones."""
        got, want = array.astype("float64"), wanted.astype("float64")
        return float(np.mean(~np.isclose(got, want, rtol=1e-2, atol=1e-2, equal_nan=True))) if got.size else 0.0

    def invoke(interpreter: Any, feeds: list[Any], path: str, wanted: dict[str, Any]) -> list[Any] | None:
        """The outputs in ONNX's layout, by name; None where there are more or fewer than expected."""
        for detail, array in zip(interpreter.get_input_details(), feeds, strict=True):
            interpreter.set_tensor(detail["index"], array.astype(detail["dtype"]))
        interpreter.invoke()
        found = [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
        shapes = {name: array.shape for name, array in wanted.items()} or declared(path)
        if len(found) != len(shapes):
            return None
        named = []
        for array, (name, shape) in zip(found, shapes.items(), strict=True):
            fits = fitting(array, tuple(shape)) or [array]
            if len(fits) > 1 and name in wanted:
                fits.sort(key=lambda one: astray(one, wanted[name]))
            named.append((name, fits[0]))
        return named

    def run(interpreter: Any, path: str, given: dict[str, Any], wanted: dict[str, Any]) -> list[tuple[str, Any]] | None:
        """The outputs of the flatbuffer; None where its inputs cannot be matched.

        onnx2tf makes some inputs channels-last and does not report which. Where both layouts fit the sizes, the
        one whose outputs are nearer to the expected ones is used.
        """
        inputs = interpreter.get_input_details()
        names = [detail["name"].removeprefix("serving_default_").split(":")[0] for detail in inputs]
        if not set(names) <= set(given):
            names = list(given)
        if len(names) != len(inputs):
            return None
        fits = [fitting(np.asarray(given[n]), tuple(d["shape"])) for n, d in zip(names, inputs, strict=True)]
        if not all(fits):
            return None
        best = invoke(interpreter, [one[0] for one in fits], path, wanted)
        if best and wanted and any(len(one) > 1 for one in fits):
            other = invoke(interpreter, [one[-1] for one in fits], path, wanted) or best
            best = min(
                best,
                other,
                key=lambda one: sum(
                    astray(array, wanted[name]) if array.size == wanted[name].size else 1.0 for name, array in one
                ),
            )
        return best

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        source = shutil.copy(request["model"], "model.onnx")  # onnx2tf rewrites its input
        try:
            model = onnx.load(source, load_external_data=False)
        except Exception as error:
            return {"stage": "load", "message": f"{type(error).__name__}: {error}"}
        for side in sides(model):
            os.makedirs(os.path.dirname(side) or ".", exist_ok=True)
            os.symlink(os.path.join(os.path.dirname(request["model"]), side), side)
        sizes = [f"{name}:{','.join(map(str, shape))}" for name, shape in request["shapes"].items()]
        try:
            onnx2tf.convert(
                input_onnx_file_path=source,
                output_folder_path=OUT,
                non_verbose=True,
                verbosity="error",
                overwrite_input_shape=sizes or None,
                not_use_onnxsim=not request["options"].get("onnxsim", True),
            )
        except BaseException as error:  # it may also call sys.exit
            said = f"{type(error).__name__}: {error}"
            return {"stage": "convert", "message": said, "nodes": blamed(said)}
        written = glob.glob(f"{OUT}/*float32.tflite")
        if not written:
            return {"stage": "convert", "message": "no float32 flatbuffer was written"}
        try:
            interpreter = Interpreter(written[0])
            interpreter.allocate_tensors()
            # allocate_tensors does not check operators that follow a dynamic tensor.
            used = {detail["op_name"] for detail in interpreter._get_ops_details()}
            custom = sorted(name for name in used if name.startswith(CUSTOM))
            said = "unresolved custom op: " + ", ".join(custom) if custom else ""
        except Exception as error:
            said = str(error)
        if said:
            operators = {name.upper(): name for name in types(model.graph)}
            nodes = [operators.get(name, name) for name in blamed(said)]
            return {"stage": "runtime", "message": said, "nodes": nodes}
        write = functools.partial(shutil.copy, written[0])
        placed = executed(interpreter) if request["options"].get("placement") else None
        return {"stage": "ok", "write": write, "run": functools.partial(run, interpreter, request["model"]), "placed": placed}

    return ask
