"""Regions of a graph that can be computed in any layout: nodes of one element each, joins and reductions that hang together.

It imports onnx and numpy alone, since workers load it where graphfix is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

ELEMENTWISE = frozenset({
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "Cast", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Div",
    "Elu", "Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "IsInf",
    "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu",
    "Pow", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt",
    "Sub", "Sum", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor",
})  # fmt: skip
"""Operators each of whose results comes of the elements in its own place."""
SCALED = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""The same with parameters beside their first operand, which here have to be scalars."""
REDUCING = frozenset({
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare",
})  # fmt: skip


PARAMETERS = frozenset({*REDUCING, *SCALED, "Squeeze", "Clip"})
"""Operators of which only the first operand has a layout."""


@dataclass(slots=True)
class Wires:
    """Who makes and who reads each value of a graph; `held` are its constants, and `kept` what outputs and bodies read."""

    graph: Any
    makers: dict[str, Any] = field(default_factory=dict)
    readers: dict[str, list[Any]] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: Any) -> Wires:
        """The wires of a model's main graph, with the ranks that shape inference finds."""
        graph = onnx.shape_inference.infer_shapes(model).graph
        self = cls(model.graph)
        for value in (*graph.input, *graph.value_info, *graph.output):
            if value.type.tensor_type.HasField("shape"):
                self.ranks[value.name] = len(value.type.tensor_type.shape.dim)
        given = {value.name for value in graph.input}
        for tensor in self.graph.initializer:
            self.ranks[tensor.name] = len(tensor.dims)
            if tensor.name not in given:  # else a caller may give another
                self.held[tensor.name] = tensor
        self.kept = {value.name for value in self.graph.output}
        for node in self.graph.node:
            self.makers.update(dict.fromkeys(node.output, node))
            for name in dict.fromkeys(node.input):
                self.readers.setdefault(name, []).append(node)
            self.kept |= set(inner(node))
        return self


def inner(node: Any) -> Iterator[str]:
    """The values that the bodies of a node read."""
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for one in graph.node:
                yield from one.input
                yield from inner(one)
            yield from (value.name for value in graph.output)


def permutation(node: Any) -> tuple[int, ...] | None:
    """The permutation of a Transpose; None for any other node, and where it is left to be the reverse."""
    if node is None or node.op_type != "Transpose" or node.domain:
        return None
    return next((tuple(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), None)


def inverse(perm: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(int(place) for place in np.argsort(perm))


@dataclass(slots=True)
class Region:
    """Nodes that hang together and can be computed in another layout of the same rank; `entering` are values from outside."""

    rank: int
    nodes: list[Any]
    entering: list[str]


def regions(wires: Wires) -> Iterator[Region]:
    """The regions of a graph, each node in one at most."""
    member = {id(node): rank for node in wires.graph.node if (rank := turnable(node, wires)) is not None}
    seen: set[int] = set()
    for start in wires.graph.node:
        if id(start) not in member or id(start) in seen:
            continue
        rank, found, waiting = member[id(start)], [], [start]
        seen.add(id(start))
        while waiting:
            node = waiting.pop()
            found.append(node)
            near: list[Any] = [
                wires.makers[name] for name in node.input if name in wires.makers and wires.ranks.get(name) == rank
            ]
            if wires.ranks.get(node.output[0]) == rank:
                near += wires.readers.get(node.output[0], ())
            for other in near:
                if member.get(id(other)) == rank and id(other) not in seen:
                    seen.add(id(other))
                    waiting.append(other)
        made = {name for node in found for name in node.output}
        yield Region(rank, found, list(dict.fromkeys(name for node in found for name in node.input if name and name not in made)))


def turnable(node: Any, wires: Wires) -> int | None:
    """The rank in which a node can be computed in any layout; None where it cannot, or its rank is not known."""
    if node.domain or len(node.output) != 1:
        return None
    if node.op_type in REDUCING or node.op_type == "Squeeze":
        rank = wires.ranks.get(node.input[0])
        return rank if rank and axes(node, wires, rank) is not None else None
    rank = wires.ranks.get(node.output[0])
    if not rank or rank < 2:
        return None
    if node.op_type == "Concat":
        return rank
    if node.op_type in SCALED:
        return rank if all(wires.ranks.get(name) == 0 for name in node.input[1:] if name) else None
    return rank if node.op_type in ELEMENTWISE and all(wires.ranks.get(name, 99) <= rank for name in node.input if name) else None


def axes(node: Any, wires: Wires, rank: int) -> list[int] | None:
    """The constant axes of a reduction or Squeeze; None where they are not constant or left out."""
    found = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "axes"), None)
    if found is None and len(node.input) > 1 and node.input[1] in wires.held:
        found = [int(axis) for axis in numpy_helper.to_array(wires.held[node.input[1]]).reshape(-1)]
    return [axis % rank for axis in found] if found else None


def keeps(node: Any) -> bool:
    """Whether a reduction keeps the dims it reduces; anything else but a Squeeze has all of its dims."""
    if node.op_type == "Squeeze":
        return False
    return node.op_type not in REDUCING or next((bool(one.i) for one in node.attribute if one.name == "keepdims"), True)
