"""Opening what TensorFlow users keep models in, each as one callable with a signature and a way through tf2onnx.

The order of a model's inputs is that of its signature, which for SavedModels is the alphabet's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
import tf2onnx

from graphfix.lowering import tensorflow_converting as converting
from graphfix.lowering.factory import Refused, made
from graphfix.lowering.inspection import TRUST, inspect_keras

OPSET = 18
"""The newest that tf2onnx writes."""


@dataclass(slots=True)
class Opened:
    """A model: the names, dims (None where free) and dtypes it takes, how to run it, and how to write it as ONNX.

    `run` takes arrays in the order of `names` and gives the outputs in order; `convert` gives a ModelProto for an opset.
    """

    names: list[str]
    dims: list[list[int | None]]
    dtypes: list[str]
    run: Callable[[Sequence[Any]], list[Any]]
    convert: Callable[[int], Any]
    outputs: list[str] | None = None
    examples: Any = None


def opened(request: Mapping[str, Any]) -> Opened:
    """The source of a request; Refused when it may not be opened, or is not a model."""
    kind, path = request["kind"], request["path"]
    if kind == "saved-model":
        return saved_model(path, request)
    if kind == "keras":
        return keras_model(loaded_keras(path, trust=request["trust"], scratch=request["scratch"]), request)
    if kind == "frozen-graph":
        return frozen(path, *request["ends"])
    if kind == "tflite":
        return tflite(path)
    return of_object(*made(request), request)


def of_object(found: Any, examples: Any, request: Mapping[str, Any]) -> Opened:
    """A Keras model, a tf.function or a tf.Module that can be called, with examples that came along or None; else Refused."""
    if examples is not None and not request["examples"]:
        request = {**request, "examples": described(examples)}
    if isinstance(found, tf.keras.Model):
        result = keras_model(found, request)
    elif hasattr(found, "get_concrete_function"):
        result = function(found, request)
    elif isinstance(found, tf.Module) and callable(found):
        result = function(tf.function(lambda *args: found(*args)), request)
    else:
        cure = "name a Keras model, a tf.function, a tf.Module that can be called, or what returns one"
        raise Refused(f"it is a {type(found).__name__}, which is no model", cure)
    result.examples = examples
    return result


def described(examples: Any) -> list[dict[str, Any]]:
    """Arrays that came along with a program, as `--input` would describe them; a first dim is free."""
    named = isinstance(examples, Mapping)
    listed = examples.items() if named else enumerate(examples if isinstance(examples, (tuple, list)) else (examples,))
    arrays = [(name, np.asarray(array)) for name, array in listed]
    return [
        {"name": name if named else "", "dims": [None, *array.shape[1:]] if array.ndim else [], "dtype": array.dtype.name}
        for name, array in arrays
    ]


def loaded_keras(path: str, *, trust: bool, scratch: str) -> Any:
    """A Keras file; without `trust` it may hold no Python of its own."""
    suffix = os.path.splitext(path)[1]
    if suffix != suffix.lower():  # Keras knows its suffixes in small letters alone
        path, given = os.path.join(scratch, f"model{suffix.lower()}"), path
        os.symlink(given, path)
    if not trust:
        inspect_keras(path)
    try:
        return tf.keras.models.load_model(path, compile=False, safe_mode=not trust)
    except ValueError as error:
        if trust or "safe_mode" not in str(error):
            raise
        raise Refused("it holds a Lambda layer, which is code that opening it would run", TRUST, "refused") from None


def keras_model(model: Any, request: Mapping[str, Any]) -> Opened:
    """A Keras model by its inputs; one that was never built is built by the examples."""
    # The structure is public only as a flat list, which a model of named inputs does not take.
    form = getattr(model, "_inputs_struct", None)
    if form is None and isinstance(model, tf.keras.Sequential):
        form = model.inputs
    if form is None:
        return function(tf.function(lambda *args: model(*args, training=False)), request)
    flat = tf.nest.flatten(form)
    names = sorted(form) if isinstance(form, dict) else [tensor.name for tensor in flat]  # as flattening orders them
    if len(flat) == 1 and isinstance(form, (list, tuple)):
        form = flat[0]
    call = tf.function(lambda *args: model(tf.nest.pack_sequence_as(form, args), training=False))
    specs = [tf.TensorSpec(t.shape, t.dtype, name=n) for t, n in zip(flat, names, strict=True)]
    return by_function(call, names, specs, request, outputs=list(getattr(model, "output_names", ())) or None)


def saved_model(path: str, request: Mapping[str, Any]) -> Opened:
    """A SavedModel by its serving signature, or the only one it has."""
    held = tf.saved_model.load(path)
    keys = list(held.signatures)
    if not keys:
        raise Refused("this SavedModel has no signature", "save it with `signatures=`, or name the program: module:factory")
    key = "serving_default" if "serving_default" in keys else keys[0]
    signature = held.signatures[key]
    specs = signature.structured_input_signature[1]
    names = sorted(specs)
    call = tf.function(lambda *args: (held, signature(**dict(zip(names, args, strict=True))))[1])
    return by_function(call, names, [tf.TensorSpec(specs[n].shape, specs[n].dtype, name=n) for n in names], request)


def function(call: Any, request: Mapping[str, Any]) -> Opened:
    """A tf.function by its own signature, or by the examples."""
    specs = list(call.input_signature or ()) if hasattr(call, "input_signature") else []
    if not specs:
        described = request["examples"] or [{"name": n, "dims": d, "dtype": ""} for n, d in request["shapes"].items()]
        for one in described:
            sizes = [size if isinstance(size, int) else None for size in one["dims"]]
            specs.append(tf.TensorSpec(sizes, one["dtype"] or "float32", name=one["name"] or None))
    if not specs:
        raise Refused("there is nothing to run it on", "say what it takes: --input 1x224x224x3, --input ids=1x16:int64")
    names = [spec.name or f"input_{place}" for place, spec in enumerate(specs)]
    return by_function(call, names, [tf.TensorSpec(s.shape, s.dtype, name=n) for s, n in zip(specs, names, strict=True)], request)


def by_function(
    call: Any, names: list[str], specs: Sequence[Any], request: Mapping[str, Any], outputs: list[str] | None = None
) -> Opened:
    """A model that is a function of tensors, its free dims narrowed to the sizes of `--shape`."""
    specs = [narrowed(spec, name, stated(request["shapes"], name, names)) for spec, name in zip(specs, names, strict=True)]

    def run(arrays: Sequence[Any]) -> list[Any]:
        return [tensor.numpy() for tensor in tf.nest.flatten(call(*map(tf.constant, arrays)))]

    def convert(opset: int) -> Any:
        return converting.of_function(call, specs, opset)

    return Opened(names, [dims(spec.shape) for spec in specs], [spec.dtype.name for spec in specs], run, convert, outputs)


def frozen(path: str, inputs: Sequence[str], outputs: Sequence[str]) -> Opened:
    """A frozen GraphDef between the ends that are named; Refused, with those it could be, where they are not."""
    graph = tf.compat.v1.GraphDef()
    with open(path, "rb") as stream:
        graph.ParseFromString(stream.read())
    read = {name.lstrip("^").partition(":")[0] for node in graph.node for name in node.input}
    starts = [node.name for node in graph.node if node.op == "Placeholder"]
    ends = [node.name for node in graph.node if node.name not in read and node.op not in ("Const", "NoOp", "Placeholder")]
    known = {node.name for node in graph.node}
    missing = [name for name in (*inputs, *outputs) if name.partition(":")[0] not in known]
    if missing or not inputs or not outputs:
        said = f"there is no node `{missing[0]}` in it" if missing else "a frozen graph does not tell where it begins and ends"
        raise Refused(said, f"likely --inputs {','.join(starts[:4]) or '?'} --outputs {','.join(ends[:4]) or '?'}")
    tensors = [[name if ":" in name else f"{name}:0" for name in side] for side in (inputs, outputs)]
    pruned = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), []).prune(*tensors)

    def run(arrays: Sequence[Any]) -> list[Any]:
        return [tensor.numpy() for tensor in pruned(*map(tf.constant, arrays))]

    def convert(opset: int) -> Any:
        name = os.path.splitext(os.path.basename(path))[0]
        return tf2onnx.convert.from_graph_def(
            graph, name=name, input_names=tensors[0], output_names=tensors[1], opset=opset, custom_op_handlers=converting.HANDLERS
        )[0]

    shapes = [dims(tensor.shape) for tensor in pruned.inputs]
    plain = [name.removesuffix(":0") for name in tensors[0]]
    ends_plain = [name.removesuffix(":0") for name in tensors[1]]
    return Opened(plain, shapes, [tensor.dtype.name for tensor in pruned.inputs], run, convert, ends_plain)


def tflite(path: str) -> Opened:
    """A TensorFlow Lite file, run by TensorFlow's own interpreter."""
    interpreter = tf.lite.Interpreter(path)
    details = interpreter.get_input_details()

    def run(arrays: Sequence[Any]) -> list[Any]:
        for detail, array in zip(details, arrays, strict=True):
            interpreter.resize_tensor_input(detail["index"], array.shape)
        interpreter.allocate_tensors()
        for detail, array in zip(details, arrays, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]

    shapes = [[None if size < 0 else int(size) for size in detail["shape_signature"]] for detail in details]
    kinds = [tf.dtypes.as_dtype(detail["dtype"]).name for detail in details]
    names = [detail["name"].removesuffix(":0") for detail in details]

    def convert(opset: int) -> Any:
        return tf2onnx.convert.from_tflite(path, opset=opset, custom_op_handlers=converting.HANDLERS)[0]

    return Opened(names, shapes, kinds, run, convert)


def stated(shapes: Mapping[str, Sequence[Any]], name: str, names: Sequence[str]) -> Sequence[Any] | None:
    """The dims that `--shape` gives an input; one without a name is for the only input."""
    return shapes.get(name, shapes.get("") if len(names) == 1 else None)


def narrowed(spec: Any, name: str, sizes: Sequence[Any] | None) -> Any:
    """A signature with free dims set to the sizes that are numbers; Refused where they contradict it."""
    if sizes is None:
        return spec
    own = [None] * len(sizes) if spec.shape.rank is None else list(spec.shape)
    fits = len(own) == len(sizes)
    if not fits or any(isinstance(size, int) and was not in (None, size) for was, size in zip(own, sizes, strict=True)):
        raise Refused(f"`{name}` is {shown(own)}, not {shown(sizes)}", "give sizes for its free dims alone")
    fixed = [size if isinstance(size, int) else was for was, size in zip(own, sizes, strict=True)]
    return tf.TensorSpec(fixed, spec.dtype, name=name)


def shown(sizes: Sequence[Any]) -> str:
    """Dims as they are written, `?` where free."""
    return "x".join("?" if size is None else str(size) for size in sizes) or "a scalar"


def dims(shape: Any) -> list[int | None]:
    """A TensorShape's sizes, None where free; Refused where even the rank is."""
    if shape.rank is None:
        raise Refused("an input of unknown rank", "say what it takes: --input 1x224x224x3")
    return [None if size is None else int(size) for size in shape]
