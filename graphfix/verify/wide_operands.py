"""Models as onnxruntime computes them best: Fourier transforms in double precision, and indices in int64.

onnxruntime loses digits of transforms whose length is not a power of two. In float32 its transform of length 400 is off by
500 units in the last place of the largest bin, one of length 5000 by 8000, where a sum of products is off by 3: far more
than any rewrite of the transform. And it does not load models whose indices of ScatterND or GatherND are int32, which an
exporter writes although ONNX does not allow them, and compilers accept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from graphfix.ir.traversal import graphs
from graphfix.ir.value_names import ValueNames

FLOATS = {"DFT": (0,), "STFT": (0, 2)}
"""The operands of each transform that are cast to double."""
INDICES = {"ScatterND": (1,), "GatherND": (1,)}
"""The operands that are cast to int64 where they are int32."""
KEEPS_DTYPE = frozenset({
    "Add", "Concat", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Mul", "Reshape", "Slice",
    "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators by which exporters make indices out of others: the result has the dtype of the first operand."""


def with_wide_operands(model: ModelProto) -> ModelProto:
    """Return the model with casts around what onnxruntime does not compute well: a copy, or the model if there is nothing."""
    found = list(graphs(model.graph))
    if not any(node.op_type in FLOATS or node.op_type in INDICES for graph in found for node in graph.node):
        return model
    narrow = {name for graph in found for name in _narrow(graph)}
    if not any(_places(node, narrow) for graph in found for node in graph.node):
        return model
    wide = ModelProto()
    wide.CopyFrom(model)
    names = ValueNames.of(wide.graph)
    for graph in reversed(list(graphs(wide.graph))):  # inner graphs first: the nodes around them are copied after
        nodes = [made for node in graph.node for made in _widened(node, _places(node, narrow), names)]
        del graph.node[:]
        graph.node.extend(nodes)
    return wide


def _narrow(graph: GraphProto) -> Iterator[str]:
    """Yield the constants and inputs of a graph that are int32, and what is made of them in that graph."""
    found = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.INT32}
    found |= {info.name for info in graph.input if info.type.tensor_type.elem_type == TensorProto.INT32}
    for node in graph.node:
        held = {item.name: item for item in node.attribute if node.op_type in ("Constant", "Cast")}
        if (
            ("to" in held and held["to"].i == TensorProto.INT32)
            or ("value" in held and held["value"].t.data_type == TensorProto.INT32)
            or (node.op_type in KEEPS_DTYPE and node.input[0] in found)
        ):
            found.add(node.output[0])
    yield from found


def _places(node: NodeProto, narrow: Collection[str]) -> list[int]:
    """Return the operands that are cast."""
    if node.domain not in ("", "ai.onnx"):
        return []
    places = FLOATS.get(node.op_type, ())
    given = [place for place in places if place < len(node.input) and node.input[place]]
    return given or [place for place in INDICES.get(node.op_type, ()) if node.input[place] in narrow]


def _widened(node: NodeProto, places: Collection[int], names: ValueNames) -> list[NodeProto]:
    """Return a node after casts of these operands; a transform's result is cast back to the dtype of its operand."""
    wide = NodeProto()
    wide.CopyFrom(node)
    casts, to = [], TensorProto.DOUBLE if node.op_type in FLOATS else TensorProto.INT64
    for place in places:
        wide.input[place] = names.fresh(f"{node.input[place]}/wide")
        casts.append(helper.make_node("Cast", [node.input[place]], [wide.input[place]], to=to))
    if not places or to == TensorProto.INT64:
        return [*casts, wide]
    wide.output[0] = names.fresh(f"{node.output[0]}/wide")
    return [*casts, wide, helper.make_node("CastLike", [wide.output[0], node.input[0]], [node.output[0]])]
