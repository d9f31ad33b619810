"""A float32 model in which the rounding of each node can be switched on: one session answers for every mixture of precisions.

The model gains the input `graphfix_narrow`, one boolean a node. Where it is set, the node's operands and its results are
rounded to the arithmetic; a value is passed on as its maker left it, as a Cast between two precisions does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.facts import Facts
from graphfix.ir.operator_set import opset_version
from graphfix.precision.fusions import BIAS, NONE, unrounded
from graphfix.precision.inner_steps import inner_steps
from graphfix.precision.rounding import PRODUCTS, constants, rounding, splits

SWITCHES = "graphfix_narrow"
MOVES = frozenset({
    "Concat", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "Pad", "Reshape", "Slice", "Split",
    "Squeeze", "Tile", "Transpose", "Unsqueeze", "DepthToSpace", "SpaceToDepth", "MaxPool", "Relu", "ReduceMax", "ReduceMin",
})  # fmt: skip
"""Operators whose results are among their operands, or zero: rounding twice changes nothing."""


@dataclass(frozen=True, slots=True)
class Instrumented:
    """The model with switches, the node that each stands for, and the float32 values that each node makes.

    `steps` are the values inside a node that was taken apart, by the switch; `places` gives the switch of a value's maker.
    """

    model: ModelProto
    nodes: tuple[NodeProto, ...]
    values: tuple[tuple[str, ...], ...]
    steps: Mapping[str, int]
    places: Mapping[str, int]


def instrument(model: ModelProto, arithmetic: str) -> Instrumented:
    """Return the model with a rounding of every node of the main graph that computes in float32.

    Nodes with subgraphs compute in float32 inside. Nodes that only move values have no switch of their own. Model functions
    must be inlined before.
    """
    made = ModelProto()
    made.CopyFrom(model)
    facts = Facts.of(model)
    found = facts.values.get((), {})
    floats = {tensor.name for tensor in made.graph.initializer if tensor.data_type == TensorProto.FLOAT}
    floats |= {name for name, value in found.items() if value.dtype == "float32"}
    ranks = {name: value.rank for name, value in found.items()}
    opset = opset_version(model)
    whole = unrounded(model) if arithmetic == "bfloat16" else NONE
    write = _Writer(arithmetic, floats, opset, whole.values)
    for node in model.graph.node:
        if not _computes(node, floats, arithmetic) or (node.output and node.output[0] in whole.nodes):
            write.out.append(node)
            continue
        place = len(write.nodes)
        write.nodes.append(node)
        write.switch(place)
        parts = inner_steps(node, ranks.get(node.input[0]) if node.input else None, opset) if arithmetic == "float16" else None
        steps, tensors = parts if parts is not None else ([node], [])
        made.graph.initializer.extend(tensors)
        write.floats.update(tensor.name for tensor in tensors if tensor.data_type == TensorProto.FLOAT)
        for step in steps:
            if step is not node:
                write.floats.update(step.output)
            write.rounded(step, place, step is not node and step.output[0] != node.output[0])
    graph = made.graph
    graph.input.append(helper.make_tensor_value_info(SWITCHES, TensorProto.BOOL, [len(write.nodes)]))
    if splits(arithmetic, opset):
        graph.initializer.extend(constants(arithmetic))
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(at, np.int64), f"{SWITCHES}_{at}") for at in range(len(write.nodes))
    )
    del graph.node[:]
    graph.node.extend(write.out)
    del graph.value_info[:]
    values = tuple(tuple(name for name in node.output if name in floats) for node in write.nodes)
    places = {name: at for at, names in enumerate(values) for name in names}
    return Instrumented(made, tuple(write.nodes), values, write.steps, places)


def _computes(node: NodeProto, floats: set[str], arithmetic: str) -> bool:
    """Whether a node has a switch: it computes float32 values from some, in an operator that the arithmetic concerns."""
    if any(each.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for each in node.attribute):
        return False
    if arithmetic == "tf32":
        return node.op_type in PRODUCTS
    named = any(name in floats for name in node.output)
    return named and node.op_type not in ("Constant", "QuantizeLinear", "DequantizeLinear")


class _Writer:
    """The nodes of the model with switches, in order."""

    def __init__(self, arithmetic: str, floats: set[str], opset: int, passed: Collection[str]) -> None:
        self.arithmetic, self.floats, self.opset, self.passed = arithmetic, set(floats), opset, passed
        self.nodes: list[NodeProto] = []
        self.out: list[NodeProto] = []
        self.steps: dict[str, int] = {}
        self.known: dict[str, str] = {}
        self.exact: set[str] = set()

    def switch(self, place: int) -> None:
        """Add the node that reads the switch of a place."""
        self.out.append(helper.make_node("Gather", [SWITCHES, f"{SWITCHES}_{place}"], [f"{SWITCHES}_at_{place}"], axis=0))

    def narrow(self, name: str) -> str:
        """Return the rounded form of a value, made once."""
        if name not in self.known:
            self.known[name] = f"{name}_graphfix_rounded"
            self.out.extend(rounding(name, self.known[name], self.arithmetic, self.opset))
        return self.known[name]

    def rounded(self, node: NodeProto, place: int, inner: bool) -> None:
        """Add a node between the roundings of its operands and of its results."""
        copy = NodeProto()
        copy.CopyFrom(node)
        for at, name in enumerate(node.input):
            held = (node.op_type in ("Resize", "Upsample") and at > 0) or name in self.passed
            if name in self.floats and not held and not (self.passed and BIAS.get(node.op_type) == at):
                copy.input[at] = self._chosen(name, place, f"{node.output[0]}_graphfix_in{at}")
        self.out.append(copy)
        if self.arithmetic == "tf32":
            return
        for at, name in enumerate(node.output):
            if not name or name not in self.floats or node.op_type in MOVES or name in self.passed:
                continue
            copy.output[at] = f"{name}_graphfix_exact"
            self._choose(copy.output[at], self.narrow(copy.output[at]), place, name)
            if inner:
                self.steps[name] = place

    def _chosen(self, name: str, place: int, out: str) -> str:
        """Return an operand as the switch wants it."""
        self._choose(name, self.narrow(name), place, out)
        return out

    def _choose(self, exact: str, rounded: str, place: int, out: str) -> None:
        self.out.append(helper.make_node("Where", [f"{SWITCHES}_at_{place}", rounded, exact], [out]))
