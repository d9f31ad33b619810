"""The measured conditions under which a compiled model runs only at the size that the compiler gave its dynamic dims.

The conditions are in the folder `resized` in the folder of a version's table, one file per operator, in the format of
support tables: `rejects` holds what fails at other sizes, `wrong` what computes something else there. The prober writes
them from the runs of accepted probes at other sizes (`graphfix probe --resized`). They are read only when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.tables.evidence import Evidence
from graphfix.tables.placement import further_table
from graphfix.tables.table import Table

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

FOLDER = "resized"
"""The name of the folder of these files."""


def resized_table(table: Table) -> Table | None:
    """Return the table of what runs only at one size; None where that was not measured."""
    return further_table(table, FOLDER)


def only_static(known: Table, op: str, domain: str, facets: Facets) -> tuple[Evidence, bool] | None:
    """Return the evidence that a node with these facets runs only at one size, and whether it fails at others.

    None where it runs at other sizes too, or that is not known.
    """
    entry = known.entry(op, domain)
    if entry is None or not (entry.rejects or entry.wrong or entry.exceptions):
        return None
    ruling = known.rule(op, domain, facets)
    if ruling.verdict == "rejected" and ruling.evidence is not None:
        return ruling.evidence, True
    return (ruling.wrong, False) if ruling.wrong is not None else None
