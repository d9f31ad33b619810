"""Conversion by tf2onnx, with what it lacks: inlined functions, captured tensors as initializers, and more operators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

SEPARATE_BODY = ("_XlaMustCompile", "_noinline")
"""Attributes that keep a function's body out of the calling graph; Keras sets them around grouped convolutions."""


def convert_function(call: Any, specs: Sequence[Any], opset: int) -> Any:
    """Convert a tf.function with a signature to a ModelProto."""
    model = tf2onnx.convert.from_function(call, input_signature=list(specs), opset=opset, custom_op_handlers=HANDLERS)[0]
    concrete = call.get_concrete_function(*specs)
    if any("PartitionedCall" in node.op_type for node in model.graph.node):
        model = convert_inlined(concrete, opset)
    captures_to_initializers(model, concrete.graph.captures)
    return model


def convert_inlined(concrete: Any, opset: int) -> Any:
    """Convert a function to a ModelProto with the bodies of all functions that it calls inlined."""
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False, aggressive_inlining=True)
    graph = frozen.graph.as_graph_def()
    for part in (*graph.library.function, *graph.node, *(node for body in graph.library.function for node in body.node_def)):
        for name in SEPARATE_BODY:
            part.attr.pop(name, None)
    ends = [[tensor.name for tensor in side] for side in (frozen.inputs, frozen.outputs)]
    return tf2onnx.convert.from_graph_def(
        graph, input_names=ends[0], output_names=ends[1], opset=opset, custom_op_handlers=HANDLERS
    )[0]


def captures_to_initializers(model: Any, captures: Sequence[tuple[Any, Any]]) -> None:
    """Turn inputs for tensors that the function captures, such as a normalisation's mean, into initializers, in place."""
    captured = {inner.name: outer for outer, inner in captures if outer.dtype != tf.resource}
    inputs = [value for value in model.graph.input if value.name in captured]
    for value in inputs:
        model.graph.initializer.append(onnx.numpy_helper.from_array(captured[value.name].numpy(), value.name))
        model.graph.input.remove(value)


def convert_erfc(context: Any, node: Any, name: str, _: Any) -> Any:
    """Convert Erfc(x) to 1 - Erf(x); the exact GELU of new TensorFlow versions uses it."""
    out, operand = node.output[0], node.input[0]
    dtype, shape = context.get_dtype(out), context.get_shape(out)
    context.remove_node(node.name)
    made_erf = context.make_node("Erf", [operand], shapes=[shape], dtypes=[dtype])
    kind = tf2onnx.utils.map_onnx_to_numpy_type(dtype)
    one = context.make_const(tf2onnx.utils.make_name("one"), kind(1).reshape(()))
    return context.make_node("Sub", [one.name, made_erf.output[0]], name=name, outputs=[out], shapes=[shape], dtypes=[dtype])


def convert_lite_gelu(context: Any, node: Any, name: str, _: Any) -> Any:
    """Convert TensorFlow Lite's GELU to x/2 * (1 + erf(x/sqrt 2)), or to the form with tanh where it is approximate."""
    out, operand = node.output[0], node.input[0]
    dtype, shape = context.get_dtype(out), context.get_shape(out)
    approximate = node.get_attr_value("approximate", False)
    context.remove_node(node.name)
    kind = tf2onnx.utils.map_onnx_to_numpy_type(dtype)

    def constant(value: float) -> str:
        return str(context.make_const(tf2onnx.utils.make_name("c"), kind(value).reshape(())).name)

    def op(kind: str, *operands: str) -> str:
        return str(context.make_node(kind, list(operands), shapes=[shape], dtypes=[dtype]).output[0])

    if approximate:
        cube = op("Mul", op("Mul", operand, operand), operand)
        inner = op("Mul", op("Add", operand, op("Mul", cube, constant(0.044715))), constant((2 / math.pi) ** 0.5))
        activated = op("Tanh", inner)
    else:
        activated = op("Erf", op("Mul", operand, constant(0.5**0.5)))
    half = op("Mul", operand, constant(0.5))
    return context.make_node(
        "Mul", [half, op("Add", activated, constant(1))], name=name, outputs=[out], shapes=[shape], dtypes=[dtype]
    )


HANDLERS: dict[str, Any] = {"Erfc": (convert_erfc, []), "TFL_GELU": (convert_lite_gelu, [])}
