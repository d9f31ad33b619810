"""Selection of an operator's probes: those with facets that no other probe has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from graphfix.probe.build import Probe
from graphfix.probe.distil import key
from graphfix.probe.form import AGAIN, CONTEXT, NUMBERS_ONLY, SETTLED, VARIANT
from graphfix.probe.redate import readable
from graphfix.tables.conditions import without_bounded
from graphfix.tables.target_facets import applies_to_target, facets_for_target, newest_opset

COMMON = {"since", "foldable", "inside"}
"""Facets whose values have the same meaning in every version."""
ALWAYS = {NUMBERS_ONLY, AGAIN, VARIANT, CONTEXT}
"""What marks probes that are kept beside others with the same facets."""
NEAR = 3
"""A probe that differs from the usual form in at most this many facets is always kept, as is one that varies fewer."""


def for_target(target: str, found: Sequence[Probe]) -> list[Probe]:
    """Return the probes that apply to the target, in an opset that it reads, with only the facets that matter for it."""
    applying = [probe for probe in found if applies_to_target(target, probe.varied)]
    if newest := newest_opset(target):
        applying = [one for probe in applying for one in (readable(probe, newest) if probe.op != "@model" else [probe])]
    return [replace(probe, facets=facets_for_target(target, probe.facets)) for probe in applying]


def distinct(found: Sequence[Probe]) -> list[Probe]:
    """Return one probe per key, without older versions of deviations that have no facet of their own.

    A second probe with the same key would not change a verdict, unless it tries input numbers or other surroundings. An older
    version is probed in its usual form. It is probed with other deviations only where its form differs, so that there are
    facets that the newest version does not have, dtypes of a type variable of another operand, or other attribute values. A
    deviation that starts with a version is about that version and is always probed. A probe far from the usual form is kept
    only if it is the first with some pair of facet values.
    """
    edges = {probe.digest: probe for probe in found if not ALWAYS.isdisjoint(probe.varied)}
    found = [probe for probe in found if ALWAYS.isdisjoint(probe.varied)]
    newest_marks = {mark for probe in found if "since" not in probe.varied for mark in _facet_marks(probe)}
    first: dict[tuple[tuple[str, str], ...], Probe] = {}
    for probe in found:
        aged = "since" in probe.varied[1:]
        if not aged or not newest_marks.issuperset(_facet_marks(probe)):
            first.setdefault(key(without_bounded(probe.facets)), probe)
    seen: set[tuple[tuple[str, str], tuple[str, str]]] = set()
    kept = []
    usual = set(next(iter(first), ()))
    for facets, probe in first.items():
        pairs = set(combinations(facets, 2))
        if len(_own_changes(probe.varied)) < NEAR or len({name for name, _ in usual ^ set(facets)}) <= NEAR or not pairs <= seen:
            kept.append(probe)
            seen |= pairs
    usual_digests = {probe.digest for probe in kept}
    return [*kept, *(probe for digest, probe in edges.items() if digest not in usual_digests)]


def _own_changes(varied: Sequence[str]) -> list[str]:
    """What a probe varies, without where operands come from if the probe is about shapes that are stated for such operands."""
    return [name for name in varied if name != SETTLED and not name.endswith(".from")] if SETTLED in varied else list(varied)


def _facet_marks(probe: Probe) -> set[object]:
    """The facets of a probe, those of type variables and attributes with their values."""
    facets = without_bounded(probe.facets)
    return {name if "." in name or name in COMMON else (name, value) for name, value in facets.items()}
