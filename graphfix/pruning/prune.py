"""Pruning of a model: dead units exactly, round by round, then weak ones by ratio or within a budget, verified in onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.errors import GraphfixError
from graphfix.pruning.activity import Activity, measure_activity
from graphfix.pruning.axis_graph import Axis, AxisGraph
from graphfix.pruning.components import Component, components
from graphfix.pruning.dead_units import Sums, dead_units, sums_by_axis
from graphfix.pruning.known_values import known_values
from graphfix.pruning.preparation import prepared
from graphfix.pruning.pruned_layers import PrunedLayer, pruned_layers
from graphfix.pruning.relating import axis_graph
from graphfix.pruning.relations.convolution import has_groups
from graphfix.pruning.removal import remove
from graphfix.pruning.taylor import taylor_scores
from graphfix.pruning.weak_units import unit_scores, weak_units
from graphfix.verify.budget import Budget, measured
from graphfix.verify.compare import Difference, Tolerance, compare
from graphfix.verify.feeds import Feed
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.sample_runs import run_samples

ROUNDS = 8
STEPS = 5
"""The trials of a ratio within a budget: each halves the interval."""
MOST = 0.9
MOST_ULPS = 256
"""The units in the last place of an output's scale up to which a difference is rounding: sums are in another order."""


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """What to prune: `ratio` of the weak units by `score`, or as many as `budget` allows; neither leaves weak ones.

    `active_on_data` counts units as dead that are 0 on all feeds.
    """

    ratio: float = 0.0
    budget: Budget | None = None
    score: str = "l2"
    active_on_data: bool = False
    progress: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class Pruned:
    """A pruned model, what was removed, and how far its outputs are from the original's."""

    model: ModelProto
    layers: list[PrunedLayer] = field(default_factory=list)
    exact: Difference = field(default_factory=Difference)
    metrics: Mapping[str, OutputMetrics] = field(default_factory=dict)
    ratio: float = 0.0


def prune_model(model: ModelProto, feeds: Sequence[Feed], options: PruneOptions) -> Pruned:
    """Return a model without its dead units, and without weak ones where asked for; the argument is not changed.

    Raises:
        GraphfixError: the model without dead units computes something else on the feeds, which means a defect in pruning.
    """
    names = [info.name for info in model.graph.output]
    expected = run_samples(model, feeds)
    found = Pruned(model)
    forms = (False, True) if has_groups(model) else (False,)
    for _ in range(ROUNDS):
        options.progress("looking for dead units")
        for single in forms:
            smaller, layers = _without_dead(found.model, feeds if options.active_on_data else (), single=single)
            if layers:
                break
        if not layers:
            break
        found.model, found.layers = smaller, [*found.layers, *layers]
    outputs = run_samples(found.model, feeds) if found.layers else expected
    found.exact = _difference(names, expected, outputs)
    if found.exact.reason is not None:
        raise GraphfixError(
            f"without dead units {found.exact.reason}; nothing was written", hint="please report the model as a defect of pruning"
        )
    found.metrics = measured(names, expected, outputs)
    if options.ratio or options.budget is not None:
        _prune_weak(found, feeds, options, names, expected)
    return found


def _difference(names: Sequence[str], old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]) -> Difference:
    """Return the worst difference of any output on any feed; a reason is set where rounding does not explain it."""
    worst = Difference()
    for before, after in zip(old, new, strict=True):
        for name, was, now in zip(names, before, after, strict=True):
            worst = worst.worse(compare(name, was, now, Tolerance(ulps=MOST_ULPS)))
    return worst


def _without_dead(model: ModelProto, feeds: Sequence[Feed], *, single: bool) -> tuple[ModelProto, list[PrunedLayer]]:
    """Return the model without the units that are dead now, and what was removed; `single` as of `axis_graph`."""
    ready = prepared(model)
    axes, found, sums = _analysed(ready.model, single=single)
    silent: dict[str, Any] = {}
    if feeds:
        for axis, activity in measure_activity(ready.model, _measurable(found, sums), feeds).items():
            rank = len(axes.dims(axis[0]) or ())
            silent[axis[0]] = activity.silent(rank, axis[1])
    known = known_values(ready.model, axes, silent)
    removals = [dead_units(one, axes, sums, known) for one in found]
    layers = list(pruned_layers(ready.model, removals, "dead"))
    if not layers:
        return model, []
    remove(ready.model, axes, removals, sums)
    return ready.finished(), layers


def _analysed(model: ModelProto, *, single: bool = False) -> tuple[AxisGraph, list[Component], Sums]:
    """Return the ties of a prepared model, the components of which units may be removed, and the sums over axes."""
    axes = axis_graph(model, single=single)
    return axes, [one for one in components(axes) if one.prunable and one.count > 1], sums_by_axis(axes)


def _measurable(found: Sequence[Component], sums: Sums) -> list[Axis]:
    return [axis for one in found for axis in one.units if axis in sums]


def _prune_weak(
    found: Pruned, feeds: Sequence[Feed], options: PruneOptions, names: Sequence[str], expected: Sequence[Sequence[Any]]
) -> None:
    """Remove weak units at the ratio, or at the largest one within the budget, and measure what that costs."""
    exact = found.model
    layers = list(found.layers)
    ready = prepared(exact)
    axes, parts, sums = _analysed(ready.model)
    activity = measure_activity(ready.model, _measurable(parts, sums), feeds)
    if options.score == "taylor":
        ranks = taylor_scores(ready.model, axes, parts, sums, activity, feeds, options.progress)
    else:
        ranks = unit_scores(parts, axes, options.score, activity)
    least, most, wanted = 0.0, MOST, options.ratio
    for _ in range(STEPS if options.budget is not None and not options.ratio else 1):
        ratio = wanted or (least + most) / 2
        options.progress(f"removing {ratio:.0%} of the units")
        smaller, removed = _without_weak(exact, ratio, ranks, activity)
        metrics = measured(names, expected, run_samples(smaller, feeds))
        beyond = options.budget.exceeded(metrics) if options.budget is not None else None
        if beyond is not None and wanted:
            raise GraphfixError(f"at a ratio of {wanted:g} {beyond}", hint="lower --ratio, or give --budget alone")
        if beyond is None and removed:
            found.model, found.layers, found.metrics, found.ratio = smaller, [*layers, *removed], metrics, ratio
        if beyond is None:
            least = ratio
        else:
            most = ratio


def _without_weak(
    model: ModelProto, ratio: float, ranks: Sequence[Any], activity: Mapping[Axis, Activity]
) -> tuple[ModelProto, list[PrunedLayer]]:
    """Return the model without a share of its units, those of the lowest scores."""
    ready = prepared(model)
    axes, parts, sums = _analysed(ready.model)
    removals = weak_units(parts, sums, ratio, ranks, activity)
    layers = list(pruned_layers(ready.model, removals, "weak"))
    remove(ready.model, axes, removals, sums, approximate=True)
    return ready.finished(), layers
