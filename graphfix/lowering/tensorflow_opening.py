"""Opening of TensorFlow sources: each becomes a callable with a signature and a conversion by tf2onnx.

The inputs of a model are in the order of its signature; for SavedModels that is alphabetical.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf2onnx

from graphfix.lowering import tensorflow_converting as converting
from graphfix.lowering.factory import RequestError, load_object
from graphfix.lowering.inspection import TRUST, inspect_keras
from graphfix.lowering.tensorflow_signatures import OpenedModel, dims_of, open_function

OPSET = 18
"""The newest opset that tf2onnx writes."""


def open_source(request: Mapping[str, Any]) -> OpenedModel:
    """Open the source of a request; RequestError where that needs trust, or it is no TensorFlow model."""
    kind, path = request["kind"], request["path"]
    if kind == "saved-model":
        return open_saved_model(path, request)
    if kind == "keras":
        return open_keras_model(load_keras(path, trust=request["trust"], scratch=request["scratch"]), request)
    if kind == "frozen-graph":
        return open_frozen_graph(path, *request["ends"])
    if kind == "tflite":
        return open_tflite(path)
    return open_object(*load_object(request), request)


def open_object(target: Any, examples: Any, request: Mapping[str, Any]) -> OpenedModel:
    """Open a Keras model, a tf.function or a callable tf.Module, with its example inputs or None; RequestError for others."""
    if examples is not None and not request["examples"]:
        request = {**request, "examples": describe_examples(examples)}
    if isinstance(target, tf.keras.Model):
        opened = open_keras_model(target, request)
    elif hasattr(target, "get_concrete_function"):
        opened = open_tf_function(target, request)
    elif isinstance(target, tf.Module) and callable(target):
        opened = open_tf_function(tf.function(lambda *args: target(*args)), request)
    else:
        cure = "name a Keras model, a tf.function, a tf.Module that can be called, or what returns one"
        raise RequestError(f"it is a {type(target).__name__}, which is no model", cure)
    opened.examples = examples
    return opened


def describe_examples(examples: Any) -> list[dict[str, Any]]:
    """Describe arrays that a program provides as `--input` would; the first dim of each is dynamic."""
    named = isinstance(examples, Mapping)
    listed = examples.items() if named else enumerate(examples if isinstance(examples, (tuple, list)) else (examples,))
    arrays = [(name, np.asarray(array)) for name, array in listed]
    return [
        {"name": name if named else "", "dims": [None, *array.shape[1:]] if array.ndim else [], "dtype": array.dtype.name}
        for name, array in arrays
    ]


def load_keras(path: str, *, trust: bool, scratch: str) -> Any:
    """Load a Keras file; without `trust` it may hold no Python code."""
    suffix = os.path.splitext(path)[1]
    if suffix != suffix.lower():  # Keras recognises lower-case suffixes alone
        path, given = os.path.join(scratch, f"model{suffix.lower()}"), path
        os.symlink(given, path)
    if not trust:
        inspect_keras(path)
    try:
        return tf.keras.models.load_model(path, compile=False, safe_mode=not trust)
    except ValueError as error:
        if trust or "safe_mode" not in str(error):
            raise
        raise RequestError("it holds a Lambda layer, which is code that opening it would run", TRUST, "refused") from None


def open_keras_model(model: Any, request: Mapping[str, Any]) -> OpenedModel:
    """Open a Keras model by its inputs; one that was never built is built by the example inputs."""
    # The public attribute is a flat list, which a model with named inputs does not accept.
    structure = getattr(model, "_inputs_struct", None)
    if structure is None and isinstance(model, tf.keras.Sequential):
        structure = model.inputs
    if structure is None:
        return open_tf_function(tf.function(lambda *args: model(*args, training=False)), request)
    flat = tf.nest.flatten(structure)
    names = sorted(structure) if isinstance(structure, dict) else [tensor.name for tensor in flat]  # the order of tf.nest.flatten
    if len(flat) == 1 and isinstance(structure, (list, tuple)):
        structure = flat[0]
    call = tf.function(lambda *args: model(tf.nest.pack_sequence_as(structure, args), training=False))
    specs = [tf.TensorSpec(t.shape, t.dtype, name=n) for t, n in zip(flat, names, strict=True)]
    return open_function(call, names, specs, request, outputs=list(getattr(model, "output_names", ())) or None)


def open_saved_model(path: str, request: Mapping[str, Any]) -> OpenedModel:
    """Open a SavedModel by its serving signature, or else its first one."""
    loaded = tf.saved_model.load(path)
    keys = list(loaded.signatures)
    if not keys:
        raise RequestError("this SavedModel has no signature", "save it with `signatures=`, or name the program: module:factory")
    key = "serving_default" if "serving_default" in keys else keys[0]
    signature = loaded.signatures[key]
    specs = signature.structured_input_signature[1]
    names = sorted(specs)
    call = tf.function(lambda *args: (loaded, signature(**dict(zip(names, args, strict=True))))[1])
    return open_function(call, names, [tf.TensorSpec(specs[n].shape, specs[n].dtype, name=n) for n in names], request)


def open_tf_function(call: Any, request: Mapping[str, Any]) -> OpenedModel:
    """Open a tf.function by its own signature, or by the inputs that the request states."""
    specs = list(call.input_signature or ()) if hasattr(call, "input_signature") else []
    if not specs:
        described = request["examples"] or [{"name": n, "dims": d, "dtype": ""} for n, d in request["shapes"].items()]
        for one in described:
            sizes = [size if isinstance(size, int) else None for size in one["dims"]]
            specs.append(tf.TensorSpec(sizes, one["dtype"] or "float32", name=one["name"] or None))
    if not specs:
        raise RequestError("there is nothing to run it on", "describe its inputs: --input 1x224x224x3, --input ids=1x16:int64")
    names = [spec.name or f"input_{position}" for position, spec in enumerate(specs)]
    return open_function(
        call, names, [tf.TensorSpec(s.shape, s.dtype, name=n) for s, n in zip(specs, names, strict=True)], request
    )


def open_frozen_graph(path: str, inputs: Sequence[str], outputs: Sequence[str]) -> OpenedModel:
    """Open a frozen GraphDef between the named inputs and outputs.

    Raises:
        RequestError: they are missing or unknown; the error names likely ones.
    """
    graph = tf.compat.v1.GraphDef()
    with open(path, "rb") as stream:
        graph.ParseFromString(stream.read())
    consumed = {name.lstrip("^").partition(":")[0] for node in graph.node for name in node.input}
    placeholders = [node.name for node in graph.node if node.op == "Placeholder"]
    sinks = [node.name for node in graph.node if node.name not in consumed and node.op not in ("Const", "NoOp", "Placeholder")]
    known = {node.name for node in graph.node}
    missing = [name for name in (*inputs, *outputs) if name.partition(":")[0] not in known]
    if missing or not inputs or not outputs:
        message = f"there is no node `{missing[0]}` in it" if missing else "a frozen graph does not name its inputs and outputs"
        raise RequestError(message, f"likely --inputs {','.join(placeholders[:4]) or '?'} --outputs {','.join(sinks[:4]) or '?'}")
    tensors = [[name if ":" in name else f"{name}:0" for name in side] for side in (inputs, outputs)]
    pruned = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), []).prune(*tensors)

    def run(arrays: Sequence[Any]) -> list[Any]:
        return [tensor.numpy() for tensor in pruned(*map(tf.constant, arrays))]

    def convert(opset: int) -> Any:
        name = os.path.splitext(os.path.basename(path))[0]
        return tf2onnx.convert.from_graph_def(
            graph, name=name, input_names=tensors[0], output_names=tensors[1], opset=opset, custom_op_handlers=converting.HANDLERS
        )[0]

    shapes = [dims_of(tensor.shape) for tensor in pruned.inputs]
    input_names = [name.removesuffix(":0") for name in tensors[0]]
    output_names = [name.removesuffix(":0") for name in tensors[1]]
    dtypes = [tensor.dtype.name for tensor in pruned.inputs]
    return OpenedModel(input_names, shapes, dtypes, run, convert, output_names, trace=lambda: pruned)


def open_tflite(path: str) -> OpenedModel:
    """Open a TensorFlow Lite file; TensorFlow's own interpreter runs it."""
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

    return OpenedModel(names, shapes, kinds, run, convert)
