"""The units of an axis graph: elements of tied axes that are removed together, and those that must stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np
import numpy.typing as npt

from graphfix.pruning.axis_graph import Axis, AxisGraph, Factors, Indices

Marks = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Component:
    """Axes that are tied to each other. `units` holds the number of the unit of each element, by axis; `frozen` marks units."""

    units: dict[Axis, Indices]
    count: int
    frozen: Marks

    @property
    def prunable(self) -> bool:
        """Whether any unit may be removed."""
        return not bool(self.frozen.all())

    def of_axis(self, axis: Axis, marks: Marks) -> Marks:
        """Return the marks of an axis' elements from those of the units."""
        return marks[self.units[axis]]

    def all_elements(self, axis: Axis, marks: Marks, into: Marks) -> None:
        """Clear the marks of units with an element of this axis that is not marked."""
        np.logical_and.at(into, self.units[axis], marks)

    def keep_one(self, removed: Marks) -> None:
        """Clear marks so that each axis keeps an element: no size may become 0."""
        for units in self.units.values():
            if removed[units].all():
                removed[units[0]] = False


def components(axes: AxisGraph) -> Iterator[Component]:
    """Yield the components of the graph, after a factor of every Reshape has been tied where one can lose elements."""
    _tie_factors(axes)
    for nodes in nx.connected_components(axes.graph):
        yield _component(axes, sorted(nodes))


def _tie_factors(axes: AxisGraph) -> None:
    """Tie the flat axis of each Reshape to the first factor that may lose elements; the other factors are kept."""
    kept: dict[Axis, bool] = {}
    for nodes in nx.connected_components(axes.graph):
        frozen = any(axis in axes.frozen for axis in nodes)
        kept.update(dict.fromkeys(nodes, frozen))
    for one in axes.factors:
        chosen = next((part for part in one.parts if not kept.get(part, True)), None)
        for part in one.parts:
            if part != chosen:
                axes.freeze(part, "a Reshape merges it with another axis")
        if chosen is None:
            axes.freeze(one.flat, "a Reshape splits it into axes that stay")
        else:
            axes.tie(one.flat, chosen, np.arange(axes.size(one.flat) or 0), _positions(axes, one, chosen))


def _positions(axes: AxisGraph, one: Factors, chosen: Axis) -> Indices:
    """Return, for each element of the flat axis, the position along the chosen factor."""
    sizes = [axes.size(part) or 1 for part in one.parts]
    return np.asarray(np.indices(sizes, dtype=np.int64)[one.parts.index(chosen)].reshape(-1))


def _component(axes: AxisGraph, nodes: list[Axis]) -> Component:
    """Number the units of one component: elements get the lowest number among those that they are tied to."""
    starts: dict[Axis, int] = {}
    total = 0
    for axis in nodes:
        starts[axis] = total
        total += axes.size(axis) or 0
    left, right = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for one, other, tie in axes.graph.edges(nodes, data=True):
        first, second = (one, other) if tie["first"] == one else (other, one)
        pairs = tie["pairs"]
        at_first, at_second = pairs if pairs is not None else (np.arange(axes.size(first) or 0),) * 2
        left.append(at_first + starts[first])
        right.append(at_second + starts[second])
    labels = _lowest(total, np.concatenate(left), np.concatenate(right))
    _, numbers = np.unique(labels, return_inverse=True)
    count = int(numbers.max(initial=-1)) + 1
    units = {axis: numbers[starts[axis] : starts[axis] + (axes.size(axis) or 0)] for axis in nodes}
    frozen = np.zeros(count, bool)
    for axis in nodes:
        if axis in axes.frozen:
            frozen[units[axis]] = True
    return Component(units, count, frozen)


def _lowest(total: int, left: Indices, right: Indices) -> Indices:
    """Return the lowest element that each one is connected to."""
    labels = np.arange(total, dtype=np.int64)
    while True:
        before = labels.copy()
        np.minimum.at(labels, left, before[right])
        np.minimum.at(labels, right, before[left])
        labels = labels[labels]  # an element that is lower than another leads to what that one is connected to
        if np.array_equal(before, labels):
            return labels
