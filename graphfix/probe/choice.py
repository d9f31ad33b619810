"""Which of an operator's probes are asked: those that tell the linter something that no other tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from graphfix.heeding import asked, heeded
from graphfix.probe.build import Probe
from graphfix.probe.distil import key
from graphfix.probe.form import EDGE

COMMON = {"since", "foldable", "inside"}
"""Facets whose values mean the same in every version."""
NEAR = 3
"""Facets that a probe may change to be asked in any case; of keys that its deviation has, fewer."""


def seen_by(target: str, found: Sequence[Probe]) -> list[Probe]:
    """The probes that are a question to the target, with those facets only that are a matter of it."""
    return [replace(probe, facets=heeded(target, probe.facets)) for probe in found if asked(target, probe.varied)]


def distinct(found: Sequence[Probe]) -> list[Probe]:
    """The first probe of each key that tells something, without older versions of deviations that show no facet of their own.

    A second probe of one key would tell the linter nothing, unless it tries numbers. An older version is probed in its usual
    form; together with other deviations only where its form is another, so that facets appear which the newest version lacks,
    or dtypes of a type variable that stands for another operand there, or words of an attribute that are others now. A
    deviation that begins with a version is about that version and is probed in any case.
    A probe far from the usual form is asked only if it shows some two facet values together for the first time.
    """
    edges = {probe.digest: probe for probe in found if EDGE in probe.varied}
    found = [probe for probe in found if EDGE not in probe.varied]
    fresh = {told for probe in found if "since" not in probe.varied for told in _told(probe)}
    first: dict[tuple[tuple[str, str], ...], Probe] = {}
    for probe in found:
        aged = "since" in probe.varied[1:]
        if not aged or not fresh.issuperset(_told(probe)):
            first.setdefault(key(probe.facets), probe)
    seen: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    kept = []
    usual = set(next(iter(first), ()))
    for facets, probe in first.items():
        pairs = set(combinations(facets, 2))
        if len(probe.varied) < NEAR or len({name for name, _ in usual ^ set(facets)}) <= NEAR or not pairs <= seen:
            kept.append(probe)
            seen |= pairs
    return [*kept, *edges.values()]


def _told(probe: Probe) -> set[object]:
    """The facets of a probe, those of type variables and attributes with their values."""
    return {name if "." in name or name in COMMON else (name, value) for name, value in probe.facets.items()}
