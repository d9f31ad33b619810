"""A model with float32 in place of float16: the same arithmetic, without the roundings of the narrow dtype."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper, numpy_helper

from graphfix.ir.tensors import is_external
from graphfix.ir.traversal import graphs

HALF, SINGLE = TensorProto.FLOAT16, TensorProto.FLOAT
NAMING = frozenset({"to", "dtype"})
"""Attributes that name an element type."""


def has_halves(model: ModelProto) -> bool:
    """Whether a model has weights, inputs or casts of float16."""
    return any(any(_halves(graph)) for graph in graphs(model.graph))


def with_widened_halves(model: ModelProto) -> ModelProto | None:
    """Return a copy in float32 whose weights have the values that float16 has; None where weights lie in another file."""
    made = ModelProto()
    made.CopyFrom(model)
    for graph in graphs(made.graph):
        tensors = [tensor for tensor in graph.initializer if tensor.data_type == HALF]
        if any(map(is_external, tensors)):
            return None
        for tensor in tensors:
            _widen(tensor)
        for node in graph.node:
            for item in node.attribute:
                if item.name in NAMING and item.i == HALF:
                    item.i = SINGLE
                elif item.type == AttributeProto.TENSOR and item.t.data_type == HALF:
                    _widen(item.t)
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.elem_type == HALF:
                value.type.tensor_type.elem_type = SINGLE
    return made


def _halves(graph: GraphProto) -> Iterator[bool]:
    """Yield for weights, inputs and nodes of one graph whether they are of float16, or make it."""
    yield from (tensor.data_type == HALF for tensor in graph.initializer)
    yield from (value.type.tensor_type.elem_type == HALF for value in graph.input)
    for node in graph.node:
        yield any(item.name in NAMING and item.i == HALF for item in node.attribute)


def _widen(tensor: TensorProto) -> None:
    """Write a tensor of float16 as one of float32."""
    wide = numpy_helper.to_array(tensor).astype(np.float32)
    tensor.CopyFrom(helper.make_tensor(tensor.name, SINGLE, wide.shape, wide.tobytes(), raw=True))
