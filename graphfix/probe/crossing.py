"""Crossings of accepted probes: two deviations that a compiler takes alone, which together meet the condition of an entry.

A condition that holds of refused probes only by chance holds of a crossing too, and the compiler accepts that one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphfix.probe.form import VARIANT, Form
from graphfix.probe.measure import RUNS, Evidence
from graphfix.probe.recipe import Recipe, recipes
from graphfix.tables.conditions import holds

MOST_PAIRS = 24
"""The pairs of accepted probes that are tried for one entry."""


def crossings(when: Mapping[str, Any], rows: Sequence[Evidence]) -> Iterator[Recipe]:
    """Yield recipes that combine two accepted probes of one form, each of which meets a part of a condition, simplest first."""
    terms = [{name: want} for name, want in when.items()]
    every = (1 << len(terms)) - 1
    parts: list[tuple[int, Evidence]] = []
    for row in rows:
        if row.verdict in RUNS and VARIANT not in row.varied:
            met = sum(1 << at for at, term in enumerate(terms) if holds(term, row.facets))
            if met not in (0, every):
                parts.append((met, row))
    parts.sort(key=lambda part: (len(part[1].varied), zlib.crc32(f"{when} {part[1].digest}".encode())))
    simple: dict[int, list[Evidence]] = {}
    for met, row in parts:
        if len(simple.setdefault(met, [])) < MOST_PAIRS:
            simple[met].append(row)
    pairs = [
        (first, second)
        for met, some in simple.items()
        for other, more in simple.items()
        if met < other and met | other == every
        for first in some
        for second in more
    ]
    pairs.sort(key=lambda pair: (len(pair[0].varied) + len(pair[1].varied), pair[0].digest, pair[1].digest))
    for first, second in pairs[:MOST_PAIRS]:
        yield from _combined(first, second)


def _combined(first: Evidence, second: Evidence) -> Iterator[Recipe]:
    for one in recipes(first.op, first.label):
        for other in recipes(second.op, second.label):
            if other.entry is one.entry and isinstance(one.entry, Form) and not set(one.change) & set(other.change):
                yield Recipe(first.op, one.entry, (*one.changes, *other.changes))
