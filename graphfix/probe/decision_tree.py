"""A small decision tree over the facets of probes: which of several outcomes a form has, as conditions of the tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphfix.analysis.facets.words import BOUNDED
from graphfix.analysis.surroundings import SURROUNDINGS
from graphfix.analysis.values import Facet
from graphfix.analysis.wide_chains import CHAIN
from graphfix.probe.measure import Evidence
from graphfix.probe.search import order
from graphfix.tables.conditions import Condition
from graphfix.tables.evidence import ABSENT

DEPTH = 4
"""The most facets on one path."""
SMALLEST = 2
"""The fewest probes on each side of a split, unless a side is pure and the split leaves no doubt."""
UNTELLING: frozenset[Facet] = frozenset({ABSENT, "other"})
"""What stands around a node where no operator is named: it tells nothing, so no condition lists it."""
GAIN = 6.0
"""The least gain of a split that leaves doubt, in bits over all of its probes: less is noise."""


def decision_tree(rows: Sequence[Evidence], labels: Mapping[str, str]) -> Iterator[tuple[Condition, list[Evidence]]]:
    """Yield the leaves of the tree: a condition, and the rows that meet it; `labels` are by digest.

    A split separates the rows with some values of one facet from all others, so that a value which no row has falls on the
    side that lists none. A facet that a form lacks counts as absent.
    """
    yield from _grow(list(rows), labels, {}, DEPTH)


def _grow(
    rows: list[Evidence], labels: Mapping[str, str], when: Mapping[str, Any], depth: int
) -> Iterator[tuple[Condition, list[Evidence]]]:
    split = _best(rows, labels, when) if depth else None
    if split is None:
        yield dict(when), rows
        return
    name, values = split
    inside = [row for row in rows if row.facets.get(name, ABSENT) in values]
    outside = [row for row in rows if row.facets.get(name, ABSENT) not in values]
    listed = sorted(values, key=order)
    yield from _grow(inside, labels, {**when, name: listed}, depth - 1)
    yield from _grow(outside, labels, {**when, name: {"not": listed}}, depth - 1)


def _best(rows: Sequence[Evidence], labels: Mapping[str, str], used: Mapping[str, Any]) -> tuple[str, set[Facet]] | None:
    """Return the split with the most information about the label; None where no split tells enough.

    Of two that tell the same, the one on what stands around the node is preferred, then the one on the facet with fewer
    values, which is more general.
    """
    whole = _entropy(labels[row.digest] for row in rows)
    if not whole:
        return None
    found: list[tuple[float, int, str, set[Facet]]] = []
    for name in sorted({name for row in rows for name in row.facets} - used.keys() - BOUNDED):
        by_value: dict[tuple[str, Facet], list[str]] = {}
        for row in rows:
            value = row.facets.get(name, ABSENT)
            if value is not None:
                by_value.setdefault(order(value), []).append(labels[row.digest])
        known = sum(map(len, by_value.values()))
        if len(by_value) < 2 or known < len(rows):
            continue
        for label in sorted({labels[row.digest] for row in rows}):
            # the values under which this label prevails, against all others
            values = {value for (_, value), seen in by_value.items() if 2 * seen.count(label) > len(seen)}
            if name in SURROUNDINGS and not UNTELLING.isdisjoint(values):
                values = {value for _, value in by_value} - values  # the same split, said of the operators that are named
            inside = [one for (_, value), seen in by_value.items() if value in values for one in seen]
            outside = [one for (_, value), seen in by_value.items() if value not in values for one in seen]
            if min(len(inside), len(outside)) < SMALLEST and len(rows) > 2 * SMALLEST:
                continue
            if not inside or not outside or (name in SURROUNDINGS and not UNTELLING.isdisjoint(values)):
                continue
            left = (len(inside) * _entropy(inside) + len(outside) * _entropy(outside)) / known
            if known * (whole - left) >= min(GAIN, 0.9 * known * whole):
                found.append((round(whole - left, 6), -len(by_value), name, values))
    if not found:
        return None
    _, _, name, values = max(found, key=lambda each: (each[0], each[2] == CHAIN, each[2] in SURROUNDINGS, each[1], each[2]))
    return name, values


def _entropy(labels: Any) -> float:
    """Return the entropy of labels in bits."""
    counts = Counter(labels)
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values())
