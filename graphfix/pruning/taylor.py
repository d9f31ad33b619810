"""The first-order effect of each unit on the outputs: the derivative along its removal, by finite differences in onnxruntime.

No framework and no labels are needed. Where a layer sums over a unit, what it reads is mixed with the unit's mean, which is what
remains of a removed unit; a small share of that, and the outputs' change divided by it, is the first term of a Taylor expansion.
What a recurrent layer reads of its own state goes to 0 instead, by its recurrent weights: no bias takes that over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from graphfix.analysis.operand_constraints import GATES
from graphfix.errors import UsageError
from graphfix.ir.value_names import ValueNames
from graphfix.pruning.activity import Activity
from graphfix.pruning.axis_graph import Axis, AxisGraph
from graphfix.pruning.components import Component
from graphfix.pruning.dead_units import Sums
from graphfix.pruning.relations.recurrent import RECURRENT
from graphfix.verify.feeds import Feed
from graphfix.verify.runtime import session

STEP = 0.125
"""The share of a unit that is taken away, exact in binary: small enough for a derivative, large beside rounding."""
MOST_INPUTS = 4
SECONDS = 600.0
"""The time for all units; with fewer inputs where they would take longer."""

Gates = dict[Axis, tuple[str, str]]
"""For a summed axis the two inputs that a model was given: factors for its elements, and what is added to them."""


@dataclass(slots=True)
class Gated:
    """A model in which what is summed is multiplied and shifted element by element; `idle` are the inputs that change nothing."""

    model: ModelProto
    gates: Gates = field(default_factory=dict)
    idle: dict[str, npt.NDArray[Any]] = field(default_factory=dict)


def taylor_scores(
    model: ModelProto, axes: AxisGraph, parts: Sequence[Component], sums: Sums, activity: Mapping[Axis, Activity],
    feeds: Sequence[Feed], progress: Callable[[str], None],
) -> list[npt.NDArray[np.float64]]:  # fmt: skip
    """Return for each component the relative change of the outputs per unit; infinite for units that cannot be measured.

    Raises:
        UsageError: the model has too many units for the time.
    """
    gated = with_gates(model, axes, parts, sums)
    found = [np.full(one.count, np.inf) for one in parts]
    wanted = [(at, unit) for at, one in enumerate(parts) for unit in range(one.count)
              if not one.frozen[unit] and any(axis in gated.gates for axis in one.units)]  # fmt: skip
    with session(gated.model) as loaded:
        started = time.monotonic()
        given = [{**feed, **gated.idle} for feed in feeds[:MOST_INPUTS]]
        exact = [loaded.run(None, feed) for feed in given]
        allowed = int(SECONDS / max(1e-6, (time.monotonic() - started) / len(given) * max(1, len(wanted))))
        if not allowed:
            raise UsageError(f"the score taylor runs the model once for each of {len(wanted)} units, which takes too long",
                             hint="choose --score activation, l2 or l1")  # fmt: skip
        given, exact = given[:allowed], exact[:allowed]
        for count, (at, unit) in enumerate(wanted):
            if count % 100 == 0:
                progress(f"taking {count} of {len(wanted)} units away in part")
            changed = _without(gated, parts[at], unit, activity)
            runs = [loaded.run(None, {**feed, **changed}) for feed in given]
            found[at][unit] = _relative(exact, runs) / STEP
    return found


def with_gates(model: ModelProto, axes: AxisGraph, parts: Sequence[Component], sums: Sums) -> Gated:
    """Return a copy whose layers read factor * value + shift, where they sum over an axis of a component."""
    made = Gated(ModelProto())
    made.model.CopyFrom(model)
    graph = made.model.graph
    names = ValueNames.of(graph)
    makers = {name: place for place, node in enumerate(graph.node) for name in node.output}
    types = {info.name: info.type.tensor_type.elem_type for info in (*graph.input, *graph.value_info)}
    added: dict[int, list[Any]] = {}
    types |= {name: tensor.data_type for name, tensor in axes.constants.items()}
    for axis, readers in _reads(parts, sums, axes).items():
        if types.get(axis[0], TensorProto.FLOAT) != TensorProto.FLOAT:
            continue
        rank, size = len(axes.dims(axis[0]) or ()), axes.size(axis) or 0
        dims = [size if place == axis[1] else 1 for place in range(rank)]
        factor, shift, scaled, read = (names.fresh(f"{axis[0]}_{word}") for word in ("factor", "shift", "scaled", "gated"))
        for name, value in ((factor, 1.0), (shift, 0.0)):
            graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, dims))
            made.idle[name] = np.full(dims, value, np.float32)
        nodes = [helper.make_node("Mul", [axis[0], factor], [scaled]), helper.make_node("Add", [scaled, shift], [read])]
        added.setdefault(makers.get(axis[0], -1), []).extend(nodes)
        for node in graph.node:
            if next(filter(None, node.output)) in readers:
                node.input[:] = [read if name == axis[0] else name for name in node.input]
        made.gates[axis] = (factor, shift)
    ordered = [*added.get(-1, ())]
    for place, node in enumerate(graph.node):
        ordered += [node, *added.get(place, ())]
    copied = [type(node).FromString(node.SerializeToString()) for node in ordered]
    del graph.node[:]
    graph.node.extend(copied)
    return made


def _reads(parts: Sequence[Component], sums: Sums, axes: AxisGraph) -> dict[Axis, set[str]]:
    """Return for each axis that can be gated the layers that sum over it, by an output; for a layer's own state its weights."""
    found: dict[Axis, set[str]] = {}
    for axis in (axis for one in parts for axis in one.units if axis in sums):
        for one in sums[axis]:
            own = one.weight is not None and one.node.op_type in GATES and one.weight[0] == one.node.input[RECURRENT]
            read = one.weight if one.weight is not None and own else axis
            if read[0] in one.node.input and (own or axis[0] not in axes.constants):
                found.setdefault(read, set()).add(next(filter(None, one.node.output)))
    return found


def _without(gated: Gated, part: Component, unit: int, activity: Mapping[Axis, Activity]) -> dict[str, npt.NDArray[Any]]:
    """Return the inputs that move one unit a step towards its mean, wherever it is summed."""
    changed = {}
    for axis, units in part.units.items():
        if axis not in gated.gates:
            continue
        factor, shift = gated.gates[axis]
        marks = units == unit
        shape = gated.idle[factor].shape
        means = activity[axis].mean if axis in activity else np.zeros(units.size)
        changed[factor] = np.where(marks, 1 - STEP, 1.0).astype(np.float32).reshape(shape)
        changed[shift] = np.where(marks, STEP * means, 0.0).astype(np.float32).reshape(shape)
    return changed


def _relative(old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]) -> float:
    """Return the root of the squared change of the outputs over their squared size, summed over the outputs."""
    total = 0.0
    for at in range(len(old[0])):
        pairs = [(np.asarray(was[at], np.float64), np.asarray(now[at], np.float64)) for was, now in zip(old, new, strict=True)
                 if np.asarray(was[at]).dtype.kind == "f"]  # fmt: skip
        size = sum(float(np.square(was).sum()) for was, _ in pairs)
        total += sum(float(np.square(now - was).sum()) for was, now in pairs) / size if size else 0.0
    return float(np.sqrt(total))
