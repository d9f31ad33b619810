"""Fixes of findings that depend on control flow: what is inside a subgraph changes with the node that holds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphfix.analysis.loop_conditions import EndlessLoops
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.settled import SUBGRAPHS, settled_places

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

UNROLL = "unroll-loop"
CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
DISSOLVE = {"If": Fix("dissolve-if", "exact"), "Loop": Fix(UNROLL, "exact")}
"""The rewrites that remove control flow whose condition or trip count is constant."""


def with_control_flow_fixes(findings: Sequence[Finding], facts: Facts) -> list[Finding]:
    """Return the findings, those about subgraphs with the fix of the control flow that holds them.

    An error that disappears with control flow whose condition is constant gets the rewrite that dissolves it.

    A Loop that ends by its data and has no small trip count is not unrolled, whatever fixed the probes of its form.

    An error inside a subgraph that no rewrite fixes there gets the fix of the node that holds the subgraph. An error about
    the model's subgraphs as a whole gets the fix of its control flow, none where some of that has none.
    """
    changed = {id(finding): finding for finding in findings if finding.severity is Severity.ERROR}
    if not facts.of_operator(*CONTROL_FLOW):
        return list(findings)
    endless = EndlessLoops.of(facts)
    for key, finding in changed.items():
        if finding.rewrite is not None and UNROLL in finding.rewrite.rewrites and (finding.scope, finding.node) in endless:
            changed[key] = dataclasses.replace(finding, rewrite=None)
    if any(finding.rewrite is None for finding in changed.values()):
        places = settled_places(facts)
        for key, finding in changed.items():
            if finding.rewrite is None and places.covers(finding):
                changed[key] = dataclasses.replace(finding, rewrite=DISSOLVE.get(finding.op, DISSOLVE["If"]))
    errors = list(changed.values())
    holders = {(f.scope, f.node): f.rewrite for f in errors if f.op in CONTROL_FLOW}
    changed = {key: _changed(finding, holders) for key, finding in changed.items()} if holders else changed
    return [changed.get(id(finding), finding) for finding in findings]


def _changed(finding: Finding, holders: dict[tuple[tuple[str, ...], str], Fix | None]) -> Finding:
    if not finding.op and SUBGRAPHS.intersection(finding.traits or ()):
        fixes = list(holders.values())
        return dataclasses.replace(finding, rewrite=None if None in fixes else fixes[0])
    if finding.rewrite is None and finding.scope:
        outer = holders.get((finding.scope[:-1], finding.scope[-1].partition(" of ")[2]))
        return finding if outer is None else dataclasses.replace(finding, rewrite=outer)
    return finding
