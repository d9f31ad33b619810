"""Fixes of findings that depend on control flow: what is inside a subgraph changes with the node that holds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from graphfix.linter.diagnostics import Finding, Fix, Severity

CONTROL_FLOW = frozenset({"If", "Loop", "Scan"})
SUBGRAPHS = frozenset({"subgraphs", "branch-constants"})
"""Facets of the whole model that are about its subgraphs."""


def with_control_flow_fixes(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, those about subgraphs with the fix of the control flow that holds them.

    An error inside a subgraph that no rewrite fixes there gets the fix of the node that holds the subgraph. An error about
    the model's subgraphs as a whole gets the fix of its control flow, none where some of that has none.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    holders = {(f.scope, f.node): f.rewrite for f in errors if f.op in CONTROL_FLOW}
    if not holders:
        return list(findings)
    changed = {id(finding): _changed(finding, holders) for finding in errors}
    return [changed.get(id(finding), finding) for finding in findings]


def _changed(finding: Finding, holders: dict[tuple[tuple[str, ...], str], Fix | None]) -> Finding:
    if not finding.op and SUBGRAPHS.intersection(finding.traits or ()):
        fixes = list(holders.values())
        return dataclasses.replace(finding, rewrite=None if None in fixes else fixes[0])
    if finding.rewrite is None and finding.scope:
        outer = holders.get((finding.scope[:-1], finding.scope[-1].partition(" of ")[2]))
        return finding if outer is None else dataclasses.replace(finding, rewrite=outer)
    return finding
