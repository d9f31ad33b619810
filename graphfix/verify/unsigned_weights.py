"""Quantised products as onnxruntime computes them on every processor: int8 weights beside uint8 data as uint8 weights.

On x86 processors without VNNI onnxruntime sums pairs of products of uint8 by int8 in 16 bits, and a sum that does not fit is
cut off: 255 * 127 * 2 is. Products of uint8 by uint8 are exact everywhere. 128 is added to a weight and to its zero point,
which leaves their difference as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from graphfix.ir.traversal import graphs
from graphfix.ir.value_names import ValueNames


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
SAME_DTYPE = frozenset(
    {"Concat", "Gather", "Identity", "MaxPool", "Pad", "Relu", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"}
)
"""Operators on quantised data whose result has the dtype of the first operand."""
ZERO = {
    "QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QLinearAdd": 7, "QLinearMul": 7, "QLinearSigmoid": 4,
    "QLinearLeakyRelu": 4, "QLinearAveragePool": 4, "QLinearGlobalAveragePool": 4, "QLinearSoftmax": 4, "QGemm": 8,
    "QLinearConcat": 1, "QLinearWhere": 8,
}  # fmt: skip
"""The operand that has the dtype of an operator's result."""


def with_unsigned_weights(model: ModelProto) -> ModelProto:
    """Return the model with uint8 in place of int8 weights beside uint8 data: a copy, or the model if there are none."""
    found = list(graphs(model.graph))
    if not any(node.op_type in PRODUCTS for graph in found for node in graph.node):
        return model
    kinds: dict[str, int] = {}
    for graph in found:
        _note_kinds(graph, kinds)
    if not any(_signed(node, kinds) for graph in found for node in graph.node):
        return model
    made = ModelProto()
    made.CopyFrom(model)
    names = ValueNames.of(made.graph)
    for graph in reversed(list(graphs(made.graph))):  # inner graphs first: the nodes around them are copied after
        nodes = [each for node in graph.node for each in _unsigned(node, _signed(node, kinds), names)]
        del graph.node[:]
        graph.node.extend(nodes)
    return made


def _note_kinds(graph: GraphProto, kinds: dict[str, int]) -> None:
    """Note the element types of a graph's 8-bit values, as far as they follow from constants, inputs and quantisation."""
    kinds.update((tensor.name, tensor.data_type) for tensor in graph.initializer)
    kinds.update((info.name, info.type.tensor_type.elem_type) for info in graph.input)
    for node in graph.node:
        held = {item.name: item for item in node.attribute if node.op_type in ("Constant", "Cast", "QuantizeLinear")}
        kind: int = TensorProto.UNDEFINED
        if node.op_type == "DynamicQuantizeLinear":
            kinds.update(dict.fromkeys((node.output[0], *node.output[2:]), TensorProto.UINT8))
        elif "value" in held:
            kind = held["value"].t.data_type
        elif "to" in held:
            kind = held["to"].i
        elif node.op_type in SAME_DTYPE and node.input:
            kind = kinds.get(node.input[0], kind)
        elif (place := ZERO.get(node.op_type)) is not None:
            given = place < len(node.input) and node.input[place]
            of_dtype: int = held["output_dtype"].i if "output_dtype" in held else TensorProto.UNDEFINED
            kind = kinds.get(node.input[place], kind) if given else of_dtype or TensorProto.UINT8
        if kind:
            kinds[node.output[0]] = kind


def _signed(node: NodeProto, kinds: dict[str, int]) -> list[tuple[int, int]]:
    """Return the places of a node's int8 weights, each with that of its zero point, where its data is uint8."""
    product = PRODUCTS.get(node.op_type)
    if product is None or (product.data is not None and kinds.get(node.input[product.data]) != TensorProto.UINT8):
        return []
    pairs = zip(product.weights, product.zeros, strict=True)
    return [pair for pair in pairs if pair[0] < len(node.input) and kinds.get(node.input[pair[0]]) == TensorProto.INT8]


def _unsigned(node: NodeProto, places: Collection[tuple[int, int]], names: ValueNames) -> Iterator[NodeProto]:
    """Yield a node, after nodes that add 128 to these operands."""
    if not places:
        yield node
        return
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
