"""The axes of a model's values and which of their elements belong together: the dependency graph of pruning.

A node of the graph is an axis of a value or of a weight, an edge ties elements of two axes: if one is removed, the other must be
removed, too. Elements that an operator sums up, or whose order it depends on, are recorded as `sums` or frozen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto

from graphfix.analysis.constant_folding import tensor_value

Axis = tuple[str, int]
"""A value by name, and one of its axes, counted from 0."""
Indices = npt.NDArray[np.int64]
Dims = tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class GroupedFilters:
    """The filters of a convolution in groups, from each of which as many channels are removed.

    Axis 0 of `weight` goes with all channels of `rows`, axis 1 with those that each group has of `columns`.
    """

    weight: str
    groups: int
    rows: Axis
    columns: Axis

    def by_column(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the filters with all channels of `columns` first, then the rows of their group."""
        apart = array.reshape(self.groups, -1, *array.shape[1:]).swapaxes(1, 2)
        return apart.reshape(-1, *apart.shape[2:])


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum over an axis of a value with weights along the same axis of another one: a contribution of each element.

    `folds` is the kind of operator to whose bias a constant contribution can be added; empty where it cannot. `weight` is None
    where the elements are summed as they are, or by `filters`.
    """

    node: NodeProto
    data: Axis
    weight: Axis | None
    folds: str = ""
    filters: GroupedFilters | None = None


@dataclass(frozen=True, slots=True)
class SizeEdit:
    """A number that states the size of an axis, or a part of it: an element of a constant operand, or of a node's attribute."""

    axis: Axis
    operand: str = ""
    node: NodeProto | None = None
    attribute: str = ""
    position: int | None = None
    divisor: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    """Constant indices that put the elements of an axis in another order, each once."""

    operand: str
    data: Axis
    made: Axis


@dataclass(frozen=True, slots=True)
class Factors:
    """A Reshape that splits or merges an axis: the flat axis, and its factors in order, of which one can be tied to it."""

    flat: Axis
    parts: tuple[Axis, ...]


@dataclass(slots=True)
class AxisGraph:
    """All ties of a model. `shapes` holds the dims of every value and weight, `constants` the weights by name."""

    shapes: Mapping[str, Dims]
    constants: Mapping[str, TensorProto]
    producers: Mapping[str, NodeProto]
    opset: int
    graph: Any = field(default_factory=nx.MultiGraph)
    frozen: dict[Axis, str] = field(default_factory=dict)
    sums: list[Sum] = field(default_factory=list)
    edits: list[SizeEdit] = field(default_factory=list)
    factors: list[Factors] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    filters: list[GroupedFilters] = field(default_factory=list)
    single: bool = False
    """Whether convolutions in groups lose single channels, as many from each group, instead of whole groups."""
    touched: set[Axis] = field(default_factory=set)
    """The axes that the node at hand said something of."""

    def constant(self, name: str) -> list[int] | None:
        """Return a small constant vector of whole numbers; None where it is not one."""
        tensor = self.constants.get(name)
        value = None if tensor is None else tensor_value(tensor)
        return None if value is None or value.dtype.kind not in "iu" else [int(number) for number in value.reshape(-1)]

    def dims(self, name: str) -> Dims | None:
        """Return the dims of a value; None where its rank is not known."""
        return self.shapes.get(name)

    def size(self, axis: Axis) -> int | None:
        """Return the size of an axis that can lose elements; None where it is dynamic or 1."""
        dims = self.shapes.get(axis[0])
        dim = dims[axis[1]] if dims is not None and axis[1] < len(dims) else None
        return dim if isinstance(dim, int) and dim > 1 else None

    def add(self, axis: Axis) -> int | None:
        """Enter an axis; returns its size as `size` does."""
        self.touched.add(axis)
        size = self.size(axis)
        if size is not None:
            self.graph.add_node(axis)
        return size

    def tie(self, one: Axis, other: Axis, at_one: Indices | None = None, at_other: Indices | None = None) -> None:
        """Tie elements of two axes pairwise, all in order without indices; frozen where the sizes do not allow that."""
        sizes = self.add(one), self.add(other)
        if sizes == (None, None):
            return
        plain = at_one is None and at_other is None
        if None in sizes or (plain and sizes[0] != sizes[1]):
            for axis in (one, other):
                self.freeze(axis, "its size is not the same on both sides of an operator")
            return
        pairs = None if plain else (_indices(at_one, sizes[0]), _indices(at_other, sizes[1]))
        self.graph.add_edge(one, other, pairs=pairs, first=one)

    def freeze(self, axis: Axis, reason: str) -> None:
        """Keep an axis as it is."""
        if self.add(axis) is not None:
            self.frozen.setdefault(axis, reason)

    def freeze_all(self, names: Iterable[str], reason: str) -> None:
        """Keep all axes of some values."""
        for name in names:
            for axis in range(len(self.shapes.get(name) or ())):
                self.freeze((name, axis), reason)

    def split_or_merge(self, flat: Axis, parts: tuple[Axis, ...]) -> None:
        """Remember an axis that a Reshape splits into parts, or merges from them."""
        for axis in (flat, *parts):
            self.add(axis)
        self.factors.append(Factors(flat, parts))

    def freeze_untouched(self, names: Iterable[str], reason: str) -> None:
        """Keep those axes of some values of which the node at hand said nothing."""
        for name in names:
            for axis in range(len(self.shapes.get(name) or ())):
                if (name, axis) not in self.touched:
                    self.freeze((name, axis), reason)
        self.touched.clear()

    def sum(
        self, node: NodeProto, data: Axis, weight: Axis | None, folds: str = "", filters: GroupedFilters | None = None
    ) -> None:
        """Tie an axis that is summed to the weights along it, and record the sum."""
        if weight is not None:
            self.tie(data, weight)
        if self.add(data) is not None:
            self.sums.append(Sum(node, data, weight, folds, filters))


def _indices(given: Indices | None, size: int | None) -> Indices:
    return np.arange(size or 0, dtype=np.int64) if given is None else np.asarray(given, dtype=np.int64)
