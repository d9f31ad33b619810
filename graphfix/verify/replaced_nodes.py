"""Nodes replaced in a copy of a model before onnxruntime runs it, by the element types of their operands."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onnx import ModelProto, NodeProto, TensorProto

from graphfix.ir.traversal import graphs
from graphfix.ir.value_names import ValueNames

SAME_DTYPE = frozenset({
    "Add", "Concat", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "MaxPool", "Mul", "Pad", "Relu",
    "Reshape", "Slice", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators whose result has the dtype of the first operand."""
ZERO = {
    "QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QLinearAdd": 7, "QLinearMul": 7, "QLinearSigmoid": 4,
    "QLinearLeakyRelu": 4, "QLinearAveragePool": 4, "QLinearGlobalAveragePool": 4, "QLinearSoftmax": 4, "QGemm": 8,
    "QLinearConcat": 1, "QLinearWhere": 8,
}  # fmt: skip
"""The operand that has the dtype of an operator's result."""


def with_nodes(
    model: ModelProto, wanted: Callable[[NodeProto], bool], replaced: Callable[[NodeProto, ValueNames], Iterable[NodeProto]]
) -> ModelProto:
    """Return the model with other nodes for each that is wanted, at any depth: a copy, or the model if none is."""
    if not any(wanted(node) for graph in graphs(model.graph) for node in graph.node):
        return model
    made = ModelProto()
    made.CopyFrom(model)
    names = ValueNames.of(made.graph)
    for graph in reversed(list(graphs(made.graph))):  # inner graphs first: the nodes around them are copied after
        nodes = [each for node in graph.node for each in (replaced(node, names) if wanted(node) else (node,))]
        del graph.node[:]
        graph.node.extend(nodes)
    return made


def element_types(model: ModelProto) -> dict[str, int]:
    """Return the element types of values, as far as they follow from constants, inputs, casts and quantisation."""
    kinds: dict[str, int] = {}
    for graph in graphs(model.graph):
        kinds.update((tensor.name, tensor.data_type) for tensor in graph.initializer)
        kinds.update((info.name, info.type.tensor_type.elem_type) for info in graph.input)
        for node in graph.node:
            if node.op_type == "DynamicQuantizeLinear":
                kinds.update(dict.fromkeys((node.output[0], *node.output[2:]), TensorProto.UINT8))
            elif kind := _result_type(node, kinds):
                kinds[node.output[0]] = kind
    return kinds


def _result_type(node: NodeProto, kinds: dict[str, int]) -> int:
    """Return the element type of a node's first output; 0 where it is not known."""
    held = {item.name: item for item in node.attribute if node.op_type in ("Constant", "Cast", "QuantizeLinear")}
    if "value" in held:
        return int(held["value"].t.data_type)
    if "to" in held:
        return int(held["to"].i)
    if node.op_type in SAME_DTYPE:
        return kinds.get(node.input[0], 0) if node.input else 0
    place = ZERO.get(node.op_type)
    if place is None:
        return 0
    if place < len(node.input) and node.input[place]:
        return kinds.get(node.input[place], 0)
    return int(held["output_dtype"].i if "output_dtype" in held else 0) or TensorProto.UINT8
