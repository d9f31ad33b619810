"""Vectors too long for onnx's data propagation, which keeps a dim for each element: it is turned off where there may be some."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from graphfix.analysis.constant_folding import tensor_value

RANK = 64
"""More dims than a tensor has, and more elements than a vector of sizes that nothing joined."""
LONG = 16_384
"""The number of elements of a vector above which onnx's data propagation, which keeps one dim for each, is turned off."""


def may_hold_long_vectors(model: ModelProto, every: Sequence[GraphProto]) -> bool:
    """Return whether some input, some weight in any graph, or what nodes make of constants may be too long a vector."""
    if any(len(tensor.dims) == 1 and tensor.dims[0] > LONG for graph in every for tensor in graph.initializer):
        return True
    dims = ([d.dim_value for d in info.type.tensor_type.shape.dim] for info in model.graph.input)
    return any(math.prod(size for size in sizes if size > 0) > LONG for sizes in dims) or any(map(_grows, every))


def _grows(graph: GraphProto) -> bool:
    """Return whether nodes of a graph may make a long vector of short ones: a Range, or Concats of what others have joined."""
    nodes = [node for node in graph.node if node.op_type in ("Concat", "Range")]
    if any(node.op_type == "Range" for node in nodes) and any(map(_is_large_number, _scalars(graph))):
        return True
    if sum(math.log2(max(1, len(node.input))) for node in nodes if _joins_vectors(node)) < math.log2(LONG / RANK):
        return False
    counts: dict[str, int] = {}
    for node in graph.node:
        given = [counts.get(name, RANK) for name in node.input]
        count = sum(given) if _joins_vectors(node) else max(given, default=RANK)
        if count > LONG:
            return True
        counts.update(dict.fromkeys(node.output, count))
    return False


def _joins_vectors(node: NodeProto) -> bool:
    """Return whether a node may join vectors: a Concat along the first axis, or the last."""
    return node.op_type == "Concat" and any(item.name == "axis" and item.i in (0, -1) for item in node.attribute)


def _scalars(graph: GraphProto) -> Iterator[TensorProto]:
    """Yield the constants of one element in a graph."""
    yield from (tensor for tensor in graph.initializer if math.prod(tensor.dims) == 1)
    for node in graph.node:
        if node.op_type == "Constant":
            yield from (item.t for item in node.attribute if item.type == AttributeProto.TENSOR and math.prod(item.t.dims) == 1)


def _is_large_number(tensor: TensorProto) -> bool:
    """Return whether a constant is a whole number so large that a Range up to it is a long vector."""
    value = tensor_value(tensor) if tensor.data_type in (TensorProto.INT64, TensorProto.INT32) else None
    return value is not None and value.size == 1 and abs(int(value.reshape(-1)[0])) > LONG


def is_long_vector(info: ValueInfoProto) -> bool:
    """Return whether a type states a vector that is too long for data propagation."""
    dims = info.type.tensor_type.shape.dim
    return len(dims) == 1 and dims[0].dim_value > LONG
