"""Challengers of a table's rejections: probes of the forms that were skipped, and that a rejection speaks of all the same.

Of probes that differ from the usual form in many facets only those are asked that bring two facets' values together for the
first time. A condition distilled from the others may then take in a form that nobody asked about: three values that were
measured two by two. Each challenger falls under a rejection and has a facet's value that no probe under it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphfix.analysis.facets.node import Facets
from graphfix.probe.build import Probe
from graphfix.probe.choice import ALWAYS
from graphfix.probe.form import VARIANT
from graphfix.probe.measure import Evidence
from graphfix.tables.conditions import holds

MOST = 8
"""The challengers of one rejection in one round."""


def challengers(
    conditions: Sequence[Mapping[str, Any]], rows: Sequence[Evidence], skipped: Sequence[Probe], tried: set[str]
) -> list[Probe]:
    """Return probes to ask about, marked as variants so that they are asked again with them; `tried` grows by their digests.

    `conditions` are those of the rejections of one operator, `rows` all evidence about it, and `skipped` probes of its forms
    with the facets that matter for the target.
    """
    found: list[Probe] = []
    for condition in conditions:
        met = {value for row in rows if holds(condition, row.facets) for value in _values(row.facets)}
        count = 0
        for probe in skipped:
            if count == MOST:
                break
            if probe.digest in tried or not ALWAYS.isdisjoint(probe.varied) or not holds(condition, probe.facets):
                continue
            fresh = _values(probe.facets) - met
            if fresh and not any(other is not condition and holds(other, probe.facets) for other in conditions):
                met |= fresh
                count += 1
                tried.add(probe.digest)
                found.append(replace(probe, varied=(*probe.varied, VARIANT)))
    return found


def _values(facets: Facets) -> set[tuple[str, str]]:
    return {(name, str(value)) for name, value in facets.items()}
