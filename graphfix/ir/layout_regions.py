"""Connected regions of a graph that can be computed in any layout: elementwise nodes, Concat, reductions and Squeeze.

This file imports onnx and numpy alone, since workers load it where graphfix is not installed.
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
"""Operators whose every output element depends on the operands' elements at the same position."""
SCALED = frozenset({"QuantizeLinear", "DequantizeLinear"})
"""Elementwise operators with parameters beside the first operand; here the parameters have to be scalars."""
REDUCING = frozenset({
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare",
})  # fmt: skip


PARAMETERS = frozenset({*REDUCING, *SCALED, "Squeeze", "Clip"})
"""Operators of which only the first operand has a layout."""


@dataclass(slots=True)
class ValueIndex:
    """The producer and consumers of each value of a graph, with its constants and known ranks.

    `required` are the values that are graph outputs or that subgraphs read.
    """

    graph: Any
    producers: dict[str, Any] = field(default_factory=dict)
    consumers: dict[str, list[Any]] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: Any) -> ValueIndex:
        """Index a model's main graph, with the ranks that shape inference finds."""
        graph = onnx.shape_inference.infer_shapes(model).graph
        self = cls(model.graph)
        for value in (*graph.input, *graph.value_info, *graph.output):
            if value.type.tensor_type.HasField("shape"):
                self.ranks[value.name] = len(value.type.tensor_type.shape.dim)
        given = {value.name for value in graph.input}
        for tensor in self.graph.initializer:
            self.ranks[tensor.name] = len(tensor.dims)
            if tensor.name not in given:  # else a caller may replace it
                self.constants[tensor.name] = tensor
        self.required = {value.name for value in self.graph.output}
        for node in self.graph.node:
            self.producers.update(dict.fromkeys(node.output, node))
            for name in dict.fromkeys(node.input):
                self.consumers.setdefault(name, []).append(node)
            self.required |= set(captured_names(node))
        return self


def captured_names(node: Any) -> Iterator[str]:
    """Yield the values that the subgraphs of a node read."""
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for one in graph.node:
                yield from one.input
                yield from captured_names(one)
            yield from (value.name for value in graph.output)


def permutation(node: Any) -> tuple[int, ...] | None:
    """Return the permutation of a Transpose; None for any other node, and where it has no `perm` attribute."""
    if node is None or node.op_type != "Transpose" or node.domain:
        return None
    return next((tuple(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), None)


def inverse_permutation(perm: Sequence[int]) -> tuple[int, ...]:
    """Return the inverse of a permutation."""
    return tuple(int(axis) for axis in np.argsort(perm))


@dataclass(slots=True)
class Region:
    """Connected nodes that can be computed in another layout of the same rank; `entering` are values from outside."""

    rank: int
    nodes: list[Any]
    entering: list[str]


def find_regions(index: ValueIndex) -> Iterator[Region]:
    """Yield the regions of a graph; each node is in one at most."""
    rank_of = {id(node): rank for node in index.graph.node if (rank := layout_free_rank(node, index)) is not None}
    seen: set[int] = set()
    for start in index.graph.node:
        if id(start) not in rank_of or id(start) in seen:
            continue
        rank, members, stack = rank_of[id(start)], [], [start]
        seen.add(id(start))
        while stack:
            node = stack.pop()
            members.append(node)
            neighbours: list[Any] = [
                index.producers[name] for name in node.input if name in index.producers and index.ranks.get(name) == rank
            ]
            if index.ranks.get(node.output[0]) == rank:
                neighbours += index.consumers.get(node.output[0], ())
            for neighbour in neighbours:
                if rank_of.get(id(neighbour)) == rank and id(neighbour) not in seen:
                    seen.add(id(neighbour))
                    stack.append(neighbour)
        produced = {name for node in members for name in node.output}
        yield Region(
            rank, members, list(dict.fromkeys(name for node in members for name in node.input if name and name not in produced))
        )


def layout_free_rank(node: Any, index: ValueIndex) -> int | None:
    """Return the rank in which a node can be computed in any layout; None where it cannot, or the rank is unknown."""
    if node.domain or len(node.output) != 1:
        return None
    if node.op_type in REDUCING or node.op_type == "Squeeze":
        rank = index.ranks.get(node.input[0])
        return rank if rank and constant_axes(node, index, rank) is not None else None
    rank = index.ranks.get(node.output[0])
    if not rank or rank < 2:
        return None
    if node.op_type == "Concat":
        return rank
    if node.op_type in SCALED:
        return rank if all(index.ranks.get(name) == 0 for name in node.input[1:] if name) else None
    return rank if node.op_type in ELEMENTWISE and all(index.ranks.get(name, 99) <= rank for name in node.input if name) else None


def constant_axes(node: Any, index: ValueIndex, rank: int) -> list[int] | None:
    """Return the axes of a reduction or Squeeze; None where they are not constant or left out."""
    found = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "axes"), None)
    if found is None and len(node.input) > 1 and node.input[1] in index.constants:
        found = [int(axis) for axis in numpy_helper.to_array(index.constants[node.input[1]]).reshape(-1)]
    return [axis % rank for axis in found] if found else None


def keeps_rank(node: Any) -> bool:
    """Return whether a node's output has the rank of its operand: not for Squeeze, and for reductions only with `keepdims`."""
    if node.op_type == "Squeeze":
        return False
    return node.op_type not in REDUCING or next((bool(one.i) for one in node.attribute if one.name == "keepdims"), True)
