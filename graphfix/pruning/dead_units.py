"""Which units of a model contribute nothing that a bias could not: those are removed without changing what it computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from graphfix.pruning.axis_graph import Axis, AxisGraph, GroupedFilters, Sum
from graphfix.pruning.components import Component, Marks
from graphfix.pruning.known_products import padded, per_channel
from graphfix.pruning.known_values import Pattern, Patterns

Sums = Mapping[Axis, list[Sum]]


@dataclass(slots=True)
class Removal:
    """The units to be removed from one component. `fill` are the numbers that their elements stand for, by summed axis."""

    component: Component
    removed: Marks
    fill: dict[Axis, Pattern]

    def kept(self, axis: Axis) -> Marks:
        """Return which elements of an axis stay."""
        return ~self.component.of_axis(axis, self.removed)


def sums_by_axis(axes: AxisGraph) -> dict[Axis, list[Sum]]:
    """Return the sums over each axis."""
    found: dict[Axis, list[Sum]] = {}
    for one in axes.sums:
        found.setdefault(one.data, []).append(one)
    return found


def dead_units(component: Component, axes: AxisGraph, sums: Sums, known: Patterns) -> Removal:
    """Return the units whose contribution to every sum is 0, or a constant that the bias behind it can take over."""
    dead = ~component.frozen
    fill: dict[Axis, Pattern] = {}
    for axis in component.units:
        if axis not in sums:
            continue
        numbers = per_channel(known.get(axis[0]), axis[1], axes.size(axis) or 0)
        fill[axis] = np.nan_to_num(numbers)
        for one in sums[axis]:
            silent = numbers == 0
            if one.filters is not None and one.filters.weight in known:
                filters = one.filters.by_column(known[one.filters.weight])
                silent |= ~filters.reshape(filters.shape[0], -1).any(1)
            if one.weight is not None and one.weight[0] in known:
                silent |= per_channel(known[one.weight[0]], one.weight[1], axes.size(axis) or 0) == 0
            if foldable(one, axes):
                silent |= ~np.isnan(numbers)
            component.all_elements(axis, silent, dead)
    component.keep_one(dead)
    _balance(component, axes.filters, dead)
    return Removal(component, dead, fill)


def _balance(component: Component, filters: Iterable[GroupedFilters], dead: Marks) -> None:
    """Clear marks so that every group of a convolution loses as many channels as the others, and keeps one."""
    sides = [(component.units[axis].reshape(one.groups, -1)) for one in filters for axis in (one.rows, one.columns)
             if axis in component.units]  # fmt: skip
    before = -1
    while (now := int(dead.sum())) != before:
        before = now
        for groups in sides:
            least = min(int(dead[groups].sum(1).min()), groups.shape[1] - 1)
            for units in groups:
                marked = units[dead[units]]
                dead[marked[least:]] = False


def foldable(one: Sum, axes: AxisGraph, *, padded_too: bool = False) -> bool:
    """Whether a constant contribution to a sum is the same at every place, so that a bias can take it over.

    With `padded_too` also that to a padded convolution, which is another one at the borders.
    """
    weight = one.filters.weight if one.filters is not None else one.weight[0] if one.weight is not None else ""
    if not one.folds or weight not in axes.constants:
        return False
    if one.folds == "matmul":
        return len(axes.dims(weight) or ()) == 2
    if len(one.node.input) > 2 and one.node.input[2] and one.node.input[2] not in axes.constants:
        return False
    return one.folds == "gemm" or (one.node.op_type == "Conv" and (padded_too or not padded(one.node)))
