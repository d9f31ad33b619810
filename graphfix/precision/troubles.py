"""The nodes at which a narrower arithmetic goes wrong: what overflows, what vanishes, and what makes most of the error."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, numpy_helper

from graphfix.precision.half_conversion import LARGEST
from graphfix.precision.output_errors import errors_of
from graphfix.precision.simulation import Array, Feed, Simulation

VANISHED = 0.5
"""The share of a value's numbers that become zero from which it is told."""
MOST_RUNS = 48
"""Runs spent on finding the nodes that dominate the error."""
SECONDS = 20.0
"""About how long that may take."""
MOST_NAMED = 5
WAYS = 4
"""The parts into which a group of nodes is split."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens at one node.

    `kind` is `overflow` (finite in float32, infinite or NaN here, from finite operands), `vanishes` (most numbers of a value
    or a constant become zero) or `error` (of the outputs' error, `share` is this node's alone). `largest` is the largest
    magnitude in float32, or the smallest for what vanishes. `place` is the node's number among those simulated.
    """

    kind: str
    place: int
    value: str
    share: float
    largest: float


def range_troubles(model: ModelProto, simulated: Simulation, feeds: Sequence[Feed], arithmetic: str) -> list[Trouble]:
    """Return the first nodes that overflow or whose values vanish, in the model's order, over all inputs."""
    found: dict[int, Trouble] = {}
    made = simulated.made
    inside = dict(made.steps)
    constants = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer if tensor.data_type == 1 and tensor.name
    }
    for trouble in _constants(simulated, constants, arithmetic):
        found.setdefault(trouble.place, trouble)
    for feed in feeds:
        spoilt: set[str] = {name for name, array in feed.items() if _overflows(np.asarray(array), arithmetic)}
        for name, exact, narrow in simulated.values(feed):
            place = inside.get(name, made.places.get(name, -1))
            lost = np.isfinite(exact) & ~np.isfinite(narrow)
            if lost.any():
                operands = made.nodes[place].input
                inner = any(step in spoilt for step, at in inside.items() if at == place)
                if not inner and not any(operand in spoilt for operand in operands) and name not in spoilt:
                    large = float(np.abs(exact[lost]).max())
                    found.setdefault(place, Trouble("overflow", place, name, float(lost.mean()), large))
                spoilt.add(name)
                continue
            filled = exact != 0
            gone = filled & (narrow == 0)
            if (
                filled.any()
                and gone.sum() > VANISHED * filled.sum()
                and not any(one in spoilt for one in made.nodes[place].input)
            ):
                small = float(np.abs(exact[gone]).min())
                found.setdefault(place, Trouble("vanishes", place, name, float(gone.sum() / filled.sum()), small))
                spoilt.add(name)
    return [found[place] for place in sorted(found)]


def _overflows(array: Array, arithmetic: str) -> bool:
    """Whether a float array has finite numbers outside of an arithmetic's range."""
    if array.dtype.kind != "f" or arithmetic not in LARGEST:
        return False
    wide = np.abs(array[np.isfinite(array)])
    return bool(wide.size and wide.max() > LARGEST[arithmetic])


def _constants(simulated: Simulation, constants: dict[str, Array], arithmetic: str) -> Iterator[Trouble]:
    """Yield a trouble for each node that reads a constant outside of the range, or one that vanishes."""
    if arithmetic not in LARGEST:
        return
    least = 2.0**-25 if arithmetic == "float16" else 2.0**-134
    for place, node in enumerate(simulated.made.nodes):
        for name in node.input:
            array = constants.get(name)
            if array is None or not array.size:
                continue
            size = np.abs(array[np.isfinite(array)])
            filled = size[size > 0]
            if size.size and size.max() > LARGEST[arithmetic]:
                yield Trouble("overflow", place, name, float(np.mean(size > LARGEST[arithmetic])), float(size.max()))
            elif filled.size and np.mean(filled <= least) > VANISHED:
                yield Trouble("vanishes", place, name, float(np.mean(filled <= least)), float(filled.min()))


def noise(simulated: Simulation, feed: Feed, exact: Sequence[Array], narrow: Collection[int]) -> float:
    """Return the outputs' relative energy of error with these nodes rounded, summed over the outputs."""
    found = simulated.run(feed, narrow)
    return float(sum(error.noise for error in errors_of(simulated.outputs, [(exact, found)])))


def dominating(simulated: Simulation, feed: Feed, *, without: Collection[int] = ()) -> list[Trouble]:
    """Return the nodes that alone make the largest errors of the outputs, the largest first.

    Groups of neighbouring nodes are split while the number of runs allows, the group with the largest error first.
    """
    places = [at for at in range(simulated.count) if at not in set(without)]
    exact = simulated.run(feed, ())
    total = noise(simulated, feed, exact, places)
    if not places or total == 0:
        return []
    groups = [(total, places)]
    runs, started = 0, time.monotonic()
    while runs < MOST_RUNS and time.monotonic() - started < SECONDS:
        split = max((one for one in groups if len(one[1]) > 1), key=lambda one: one[0], default=None)
        singles = sorted((one[0] for one in groups if len(one[1]) == 1), reverse=True)
        if split is None or (len(singles) >= MOST_NAMED and split[0] <= singles[MOST_NAMED - 1]):
            break
        groups.remove(split)
        size = -(-len(split[1]) // WAYS)
        for at in range(0, len(split[1]), size):
            part = split[1][at : at + size]
            groups.append((noise(simulated, feed, exact, part), part))
            runs += 1
    single = [(error, part[0]) for error, part in groups if len(part) == 1 and error > 0]
    scale = total if np.isfinite(total) else max((error for error, _ in single if np.isfinite(error)), default=1.0)
    ranked = sorted(single, reverse=True)[:MOST_NAMED]
    made = simulated.made
    return [Trouble("error", at, next(iter(made.values[at]), ""), min(1.0, error / scale), error) for error, at in ranked]
