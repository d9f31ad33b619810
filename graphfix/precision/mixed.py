"""A mixed model within a budget: which nodes stay in float32, found by the error that each makes alone.

Groups of neighbouring nodes are rounded alone and ranked by the error of the outputs; the worst are kept in float32, as few
as the budget allows, found by bisection over the measured error of the mixture.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from graphfix.errors import ModelError
from graphfix.precision.instrument import MOVES
from graphfix.precision.output_errors import OutputError, errors_of, within
from graphfix.precision.simulation import Array, Feed, Simulation
from graphfix.precision.troubles import noise
from graphfix.verify.budget import Budget

SECONDS = 60.0
"""About how long the ranking may take."""
LEAST_GROUPS = 16
MOST_ROUNDS = 4
"""How often the ranking is repeated with finer groups among those that were kept."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The nodes that stay in float32, by number, the outputs' errors of all nodes rounded and of the mixture."""

    keep: frozenset[int]
    whole: list[OutputError]
    errors: list[OutputError]


def mixture(simulated: Simulation, feeds: Sequence[Feed], budget: Budget | None) -> Mixture:
    """Return the smallest mixture found whose outputs are within the budget; ModelError where none is, None keeps nothing."""
    everything = frozenset(range(simulated.count))
    started = time.monotonic()
    exact = [simulated.run(feed, ()) for feed in feeds]

    def measured(keep: frozenset[int]) -> list[OutputError]:
        pairs = [(old, simulated.run(feed, everything - keep)) for feed, old in zip(feeds, exact, strict=True)]
        return errors_of(simulated.outputs, pairs)

    whole = measured(frozenset())
    if budget is None or within(budget, whole):
        return Mixture(frozenset(), whole, whole)
    if not within(budget, measured(everything)):
        raise ModelError(f"even in float32 it is not within {budget}")
    count = max(LEAST_GROUPS, min(simulated.count, int(SECONDS / max(1e-4, (time.monotonic() - started) / (3 * len(feeds))))))
    keep = everything
    for _ in range(MOST_ROUNDS):
        size = max(1, -(-len(keep) // count))
        groups = _groups(sorted(keep), size)
        ranked = sorted(groups, key=lambda group: _alone(simulated, feeds[0], exact[0], group), reverse=True)
        low, high = 0, len(ranked)
        while low < high:
            middle = (low + high) // 2
            if within(budget, measured(frozenset(at for group in ranked[:middle] for at in group))):
                high = middle
            else:
                low = middle + 1
        kept = frozenset(at for group in ranked[:high] for at in group)
        if not within(budget, measured(kept)):  # the error does not fall with every node kept
            break
        done, keep = size == 1 or kept == keep, kept
        if done:
            break
    keep = _with_moves(simulated, keep)
    return Mixture(keep, whole, measured(keep))


def _groups(places: Sequence[int], size: int) -> list[list[int]]:
    return [list(places[at : at + size]) for at in range(0, len(places), size)]


def _alone(simulated: Simulation, feed: Feed, exact: Sequence[Array], group: Sequence[int]) -> float:
    """Return the error that a group of nodes makes alone; infinite where it is not a number."""
    found = noise(simulated, feed, exact, group)
    return found if found == found else float("inf")


def _with_moves(simulated: Simulation, keep: frozenset[int]) -> frozenset[int]:
    """Return the nodes kept and those between them that only move values: a Cast on either side would gain nothing."""
    nodes = simulated.made.nodes
    places = simulated.made.places
    readers: dict[int, set[int]] = {}
    for at, node in enumerate(nodes):
        for name in node.input:
            if name in places:
                readers.setdefault(places[name], set()).add(at)
    kept = set(keep)
    for at, node in enumerate(nodes):
        before = {places[name] for name in node.input if name in places}
        after = readers.get(at, set())
        if node.op_type in MOVES and at not in kept and before and after and before <= kept and after <= kept:
            kept.add(at)
    return frozenset(kept)
