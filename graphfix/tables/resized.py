"""The measured conditions under which a compiled model runs only at the size that the compiler gave its dynamic dims.

The conditions are in the folder `resized` in the folder of a version's table, one file per operator, in the format of
support tables: `rejects` holds what fails at other sizes, `wrong` what computes something else there. The prober writes
them from the runs of accepted probes at other sizes (`graphfix probe --resized`). They are read only when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphfix.tables.conditions import holds
from graphfix.tables.evidence import Evidence
from graphfix.tables.floor import too_thin
from graphfix.tables.placement import further_table
from graphfix.tables.table import Table
from graphfix.tables.target_facets import facets_for_target

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

FOLDER = "resized"
"""The name of the folder of these files."""


def resized_table(table: Table) -> Table | None:
    """Return the table of what runs only at one size; None where that was not measured."""
    return further_table(table, FOLDER)


class Stuck(NamedTuple):
    """What is known of a node that runs only at one size."""

    evidence: Evidence
    fails: bool
    """Whether it fails at other sizes, else it computes something else there."""
    thin: bool
    """Whether so few probes showed it that it may be otherwise."""


def only_static(known: Table, op: str, domain: str, facets: Facets, *, floor: bool = False) -> Stuck | None:
    """Return the evidence that a node with these facets runs only at one size; None where it runs at others, or that is unknown.

    `floor` says that evidence of few probes decides nothing; it is returned only where there is no better.
    """
    entry = known.entry(op, domain)
    if entry is None or not (entry.rejects or entry.wrong or entry.exceptions):
        return None
    ruling = known.rule(op, domain, facets)
    fails = ruling.verdict == "rejected"
    evidence = ruling.evidence if fails else ruling.wrong
    if evidence is None:
        return None
    if not floor or not too_thin(evidence.supports, evidence.opposes):
        return Stuck(evidence, fails, thin=False)
    form = facets_for_target(known.measured_target, facets)
    for failing, entries in ((True, entry.rejects), (False, entry.wrong)):
        for other in entries:
            if holds(other.when, form) and not too_thin(other.supports, other.opposes):
                return Stuck(other, failing, thin=False)
    return Stuck(evidence, fails, thin=True)
