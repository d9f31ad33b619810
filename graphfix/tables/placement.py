"""What runs the nodes that a compiler takes: when it falls back, as measured; read only when it is asked for.

The conditions lie in a folder `fallbacks` beside the tables of a version, a file an operator, written by the prober from
the compiler's own account of what it made of probes. They are tables themselves, of the same facets, in which `rejects`
are called `fallbacks`.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.tables.table import FALLBACKS, Evidence, Table

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

SORTS = {
    "reference": "in the compiler's reference implementation, element by element",
    "untuned": "in an implementation that is not tuned, where others of its kind are",
    "undelegated": "outside the delegate, wholly or in part",
}
"""The sorts of fallback that adapters tell apart, in words."""


@functools.cache
def _opened(target: str, version: str, folder: Path) -> Table | None:
    return Table(target, version, folder, {}) if folder.is_dir() else None


def placements(table: Table) -> Table | None:
    """The table of what a compiler version was seen to run on a fallback; None where nobody asked it."""
    return _opened(table.target, table.version, table.folder / FALLBACKS)


def idle(facets: Facets) -> bool:
    """Whether there may be nothing to run: operands that are constants or sizes, or data without an element."""
    from graphfix.analysis.facets.node import DATA

    if facets.get("foldable", False) is not False:
        return True
    return any(value == "empty" and name.removesuffix(".dims") in DATA for name, value in facets.items())


def fallback(known: Table, op: str, domain: str, facets: Facets) -> Evidence | None:
    """What runs a node with these facets, if that is a fallback; None where it is not, or where it is not known."""
    if idle(facets):
        return None
    entry = known.entry(op, domain)
    if entry is None or not (entry.rejects or entry.exceptions):
        return None
    ruling = known.rule(op, domain, facets)
    return ruling.evidence if ruling.verdict == "rejected" else None
