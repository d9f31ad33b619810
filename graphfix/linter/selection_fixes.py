"""Fixes of findings about sizes that a selection makes: what gives the selecting node a fixed size fixes what follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.finding_order import REQUESTED
from graphfix.linter.output_options import SELECTING

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts

SIZED = ("dynamic", "operand")
"""The kinds of findings that are about sizes, or about operands that may be computed from them."""


def with_selection_fixes(findings: Sequence[Finding], facts: Facts) -> list[Finding]:
    """Return the findings, those about sizes behind a selecting node that has a fix with this fix, where they have none."""
    fixes = {f.output: f.rewrite for f in findings if _is_fixed_selection(f)}
    if not fixes:
        return list(findings)
    behind: dict[str, Fix | None] = dict(fixes)
    for node in facts.nodes:
        if not node.scope and (found := next((behind[name] for name in node.proto.input if name in behind), None)) is not None:
            behind |= dict.fromkeys(filter(None, node.proto.output), found)
    return [
        dataclasses.replace(f, rewrite=behind[f.output])
        if f.severity is Severity.ERROR and f.rewrite is None and not f.scope and f.kind in SIZED and f.output in behind
        else f
        for f in findings
    ]


def _is_fixed_selection(finding: Finding) -> bool:
    named = finding.rewrite is not None and finding.rewrite.name not in REQUESTED
    return named and finding.severity is Severity.ERROR and finding.op in SELECTING and not finding.scope
