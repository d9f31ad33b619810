"""The measured conditions under which a compiler runs supported nodes on a fallback.

The conditions are in the folder `fallbacks` in the folder of a version's table, one file per operator, written by the
prober from the compiler's report on the compiled probes. The files have the format of support tables, with the same
facets, except that `rejects` is called `fallbacks`. They are read only when they are used.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.tables.entry import FALLBACKS
from graphfix.tables.evidence import Evidence
from graphfix.tables.table import Table

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

SORTS = {
    "reference": "in the compiler's reference implementation, element by element",
    "untuned": "in an implementation that is not tuned, where others of its kind are",
    "undelegated": "outside the delegate, wholly or in part",
}
"""The sorts of fallback that adapters distinguish, in words."""


@functools.cache
def _opened(target: str, version: str, folder: Path) -> Table | None:
    return Table(target, version, folder, {}) if folder.is_dir() else None


def placements(table: Table) -> Table | None:
    """Return the table of what a compiler version runs on a fallback; None where that was not measured."""
    return further_table(table, FALLBACKS)


def further_table(table: Table, folder: str) -> Table | None:
    """Return the table in a folder of a version's table; None where that folder is not there."""
    return _opened(table.measured_target, table.version, table.folder / folder)


def idle(facets: Facets) -> bool:
    """Whether a node may not be run at all: its operands are constants or sizes, or its data has no elements."""
    from graphfix.analysis.facets.node import DATA

    if facets.get("foldable", False) is not False:
        return True
    return any(value == "empty" and name.removesuffix(".dims") in DATA for name, value in facets.items())


def fallback(known: Table, op: str, domain: str, facets: Facets) -> Evidence | None:
    """Return the evidence that a node with these facets runs on a fallback; None where it does not, or is not known to."""
    return condition_met(known, op, domain, facets)


def condition_met(known: Table, op: str, domain: str, facets: Facets) -> Evidence | None:
    """Return the evidence of a further table whose condition a node meets; None where it meets none, or may not be run."""
    if idle(facets):
        return None
    entry = known.entry(op, domain)
    if entry is None or not (entry.rejects or entry.exceptions):
        return None
    ruling = known.rule(op, domain, facets)
    return ruling.evidence if ruling.verdict == "rejected" else None
