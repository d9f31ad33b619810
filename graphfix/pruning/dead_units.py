"""Which units of a model contribute nothing that a bias could not: those are removed without changing what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graphfix.pruning.axis_graph import Axis, AxisGraph, Sum
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
            if one.weight is not None and one.weight[0] in known:
                silent |= per_channel(known[one.weight[0]], one.weight[1], axes.size(axis) or 0) == 0
            if foldable(one, axes):
                silent |= ~np.isnan(numbers)
            component.all_elements(axis, silent, dead)
    component.keep_one(dead)
    return Removal(component, dead, fill)


def foldable(one: Sum, axes: AxisGraph, *, padded_too: bool = False) -> bool:
    """Whether a constant contribution to a sum is the same at every place, so that a bias can take it over.

    With `padded_too` also that to a padded convolution, which is another one at the borders.
    """
    if not one.folds or one.weight is None or one.weight[0] not in axes.constants:
        return False
    if one.folds == "matmul":
        return len(axes.dims(one.weight[0]) or ()) == 2
    if len(one.node.input) > 2 and one.node.input[2] and one.node.input[2] not in axes.constants:
        return False
    return one.folds == "gemm" or (one.node.op_type == "Conv" and (padded_too or not padded(one.node)))
