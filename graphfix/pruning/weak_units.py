"""Which units of a model contribute least, by the norm of their weights or by their activity on data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper

from graphfix.pruning.activity import Activity
from graphfix.pruning.axis_graph import Axis, AxisGraph
from graphfix.pruning.components import Component
from graphfix.pruning.dead_units import Removal, Sums

LEAST_KEPT = 0.1
"""The share of the units of each component that stays at any ratio."""


def scores(component: Component, axes: AxisGraph, score: str, activity: Mapping[Axis, Activity]) -> npt.NDArray[Any]:
    """Return a score for each unit, 1 on average over the component, so that layers can be compared."""
    total, count = np.zeros(component.count), np.zeros(component.count)
    for axis, units in component.units.items():
        if score == "activation":
            found = activity.get(axis)
            if found is None or not found.count:
                continue
            norms = found.magnitude / found.count
        else:
            tensor = axes.constants.get(axis[0])
            if tensor is None or len(tensor.dims) < 2:  # biases and statistics say little of a channel's weight
                continue
            flat = np.moveaxis(numpy_helper.to_array(tensor), axis[1], 0).reshape(units.size, -1).astype(np.float64)
            norms = np.abs(flat).sum(1) if score == "l1" else np.sqrt(np.square(flat).sum(1))
        mean = norms.mean()
        if mean > 0:
            np.add.at(total, units, norms / mean)
            np.add.at(count, units, 1.0)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def unit_scores(
    found: Sequence[Component], axes: AxisGraph, score: str, activity: Mapping[Axis, Activity]
) -> list[npt.NDArray[np.float64]]:
    """Return the scores of the units of each component, infinite for frozen ones."""
    return [np.where(one.frozen, np.inf, scores(one, axes, score, activity)) for one in found]


def weak_units(
    found: Sequence[Component], sums: Sums, ratio: float, ranks: Sequence[npt.NDArray[np.float64]],
    activity: Mapping[Axis, Activity],
) -> list[Removal]:  # fmt: skip
    """Return the share of all units that may be removed with the lowest of the given scores, component by component."""
    ranked = list(zip(found, ranks, strict=True))
    finite = np.concatenate([np.empty(0), *(values[np.isfinite(values)] for _, values in ranked)])
    count = int(ratio * finite.size)
    limit = np.partition(finite, count - 1)[count - 1] if count else -np.inf
    removals = []
    for one, values in ranked:
        removed = values <= limit
        most = int((1 - LEAST_KEPT) * one.count)
        if removed.sum() > most:
            removed[np.argsort(values)[most:]] = False
        one.keep_one(removed)
        fill = {axis: activity[axis].mean for axis in one.units if axis in sums and axis in activity}
        removals.append(Removal(one, removed, fill))
    return removals
