"""What is advised after a run of `fix`: nothing that was given, and no rewrite that the run has tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from graphfix.analysis.cache import shared_facts
from graphfix.ir.weight_offload import weights_offloaded
from graphfix.linter.diagnostics import Finding
from graphfix.linter.finding_order import REQUESTED
from graphfix.linter.next_step import Judge, advise
from graphfix.rewriting.pipeline import FixResult

MEASURED_NODES = 2000
"""The number of nodes up to which options are measured: linting takes little beside rewriting and verification."""


def advise_remaining(fixed: FixResult, judge: Judge, allowed: Collection[str], *, measured: bool = True) -> None:
    """Remove the rewrites that were tried from the remaining findings, and set the next step of the Results.

    `allowed` are the safety classes of the run besides exact. `measured` is False where compilers were asked: linting with
    options would not show their findings.
    """
    declined = {change.rewrite for change in fixed.changes if not change.applied and "--allow" not in str(change.declined)}
    for result in fixed.results:
        result.findings = [_untried(finding, {"exact", *allowed}, declined) for finding in result.findings]
    with shared_facts(), weights_offloaded(fixed.model) as slim:
        advise(slim, fixed.results, judge, most_nodes=MEASURED_NODES if measured else 0)


def _untried(finding: Finding, allowed: Collection[str], declined: Collection[str]) -> Finding:
    fix = finding.rewrite
    if fix is None or fix.name in REQUESTED or (fix.safety not in allowed and fix.name not in declined):
        return finding
    return dataclasses.replace(finding, rewrite=None, tried=None)
