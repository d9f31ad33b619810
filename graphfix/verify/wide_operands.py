"""Models as onnxruntime computes them best: Fourier transforms in double precision, and indices in int64.

onnxruntime loses digits of transforms whose length is not a power of two. In float32 its transform of length 400 is off by
500 units in the last place of the largest bin, one of length 5000 by 8000, where a sum of products is off by 3: far more
than any rewrite of the transform. And it does not load models whose indices of ScatterND or GatherND are int32, which an
exporter writes although ONNX does not allow them, and compilers accept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from onnx import ModelProto, NodeProto, TensorProto, helper

from graphfix.ir.operator_set import is_standard
from graphfix.ir.traversal import graphs
from graphfix.ir.value_names import ValueNames
from graphfix.verify.replaced_nodes import element_types, with_nodes

FLOATS = {"DFT": (0,), "STFT": (0, 2)}
"""The operands of each transform that are cast to double."""
INDICES = {"ScatterND": (1,), "GatherND": (1,)}
"""The operands that are cast to int64 where they are int32."""


def with_wide_operands(model: ModelProto) -> ModelProto:
    """Return the model with casts around what onnxruntime does not compute well: a copy, or the model if there is nothing."""
    if not any(node.op_type in FLOATS or node.op_type in INDICES for graph in graphs(model.graph) for node in graph.node):
        return model
    kinds = element_types(model)
    return with_nodes(
        model, lambda node: bool(_places(node, kinds)), lambda node, names: _widened(node, _places(node, kinds), names)
    )


def _places(node: NodeProto, kinds: Mapping[str, int]) -> list[int]:
    """Return the operands that are cast."""
    if not is_standard(node):
        return []
    places = FLOATS.get(node.op_type, ())
    given = [place for place in places if place < len(node.input) and node.input[place]]
    return given or [place for place in INDICES.get(node.op_type, ()) if kinds.get(node.input[place]) == TensorProto.INT32]


def _widened(node: NodeProto, places: Collection[int], names: ValueNames) -> list[NodeProto]:
    """Return a node after casts of these operands; a transform's result is cast back to the dtype of its operand."""
    wide = NodeProto()
    wide.CopyFrom(node)
    casts, to = [], TensorProto.DOUBLE if node.op_type in FLOATS else TensorProto.INT64
    for place in places:
        wide.input[place] = names.fresh(f"{node.input[place]}/wide")
        casts.append(helper.make_node("Cast", [node.input[place]], [wide.input[place]], to=to))
    if to == TensorProto.INT64:
        return [*casts, wide]
    wide.output[0] = names.fresh(f"{node.output[0]}/wide")
    return [*casts, wide, helper.make_node("CastLike", [wide.output[0], node.input[0]], [node.output[0]])]
