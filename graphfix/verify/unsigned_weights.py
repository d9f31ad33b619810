"""Quantised products as onnxruntime computes them on every processor: int8 weights beside uint8 data as uint8 weights.

On x86 processors without VNNI onnxruntime sums pairs of products of uint8 by int8 in 16 bits, and a sum that does not fit is
cut off: 255 * 127 * 2 is. Products of uint8 by uint8 are exact everywhere. 128 is added to a weight and to its zero point,
which leaves their difference as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, TensorProto, helper

from graphfix.ir.traversal import graphs
from graphfix.ir.value_names import ValueNames
from graphfix.verify.replaced_nodes import element_types, with_nodes


@dataclass(frozen=True, slots=True)
class Product:
    """The places of an operator's operands: the data (None where the operator quantises it to uint8), weights, zero points."""

    data: int | None
    weights: tuple[int, ...]
    zeros: tuple[int, ...]


PRODUCTS = {
    "MatMulInteger": Product(0, (1,), (3,)),
    "ConvInteger": Product(0, (1,), (3,)),
    "QLinearConv": Product(0, (3,), (5,)),
    "QLinearMatMul": Product(0, (3,), (5,)),
    "QGemm": Product(0, (3,), (5,)),
    "MatMulIntegerToFloat": Product(0, (1,), (5,)),
    "DynamicQuantizeMatMul": Product(None, (1,), (3,)),
    "DynamicQuantizeLSTM": Product(None, (1, 2), (9, 11)),
    "QAttention": Product(0, (1,), (7,)),
}


def with_unsigned_weights(model: ModelProto) -> ModelProto:
    """Return the model with uint8 in place of int8 weights beside uint8 data: a copy, or the model if there are none."""
    if not any(node.op_type in PRODUCTS for graph in graphs(model.graph) for node in graph.node):
        return model
    kinds = element_types(model)
    return with_nodes(
        model, lambda node: bool(_signed(node, kinds)), lambda node, names: _unsigned(node, _signed(node, kinds), names)
    )


def _signed(node: NodeProto, kinds: dict[str, int]) -> list[tuple[int, int]]:
    """Return the places of a node's int8 weights, each with that of its zero point, where its data is uint8."""
    product = PRODUCTS.get(node.op_type)
    if product is None or (product.data is not None and kinds.get(node.input[product.data]) != TensorProto.UINT8):
        return []
    pairs = zip(product.weights, product.zeros, strict=True)
    return [pair for pair in pairs if pair[0] < len(node.input) and kinds.get(node.input[pair[0]]) == TensorProto.INT8]


def _unsigned(node: NodeProto, places: Collection[tuple[int, int]], names: ValueNames) -> Iterator[NodeProto]:
    """Yield a node, after nodes that add 128 to these operands."""
    made = NodeProto()
    made.CopyFrom(node)
    half, zero = names.fresh("unsigned/half"), names.fresh("unsigned/zero")
    yield helper.make_node("Constant", [], [half], value=helper.make_tensor(half, TensorProto.INT32, [], [128]))
    yield helper.make_node("Constant", [], [zero], value=helper.make_tensor(zero, TensorProto.UINT8, [], [128]))
    for pair in places:
        made.input.extend([""] * (max(pair) + 1 - len(made.input)))
        for place in pair:
            if not made.input[place]:
                made.input[place] = zero
                continue
            wide, moved, narrow = (names.fresh(f"{made.input[place]}/{word}") for word in ("wide", "moved", "unsigned"))
            yield helper.make_node("Cast", [made.input[place]], [wide], to=TensorProto.INT32)
            yield helper.make_node("Add", [wide, half], [moved])
            yield helper.make_node("Cast", [moved], [narrow], to=TensorProto.UINT8)
            made.input[place] = narrow
    yield made
