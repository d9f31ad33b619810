"""What is advised after a run of `fix`: nothing that was given, and no rewrite that the run has tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from onnx import ModelProto

from graphfix.analysis.cache import facts_of, shared_facts
from graphfix.ir.weight_offload import weights_offloaded
from graphfix.linter.deciding_options import example_sizes
from graphfix.linter.diagnostics import Finding, NextStep, Result
from graphfix.linter.finding_order import REQUESTED
from graphfix.linter.next_step import Judge, advise, error_count
from graphfix.linter.table_sizes import fitted
from graphfix.rewriting.measurement import Confirmed
from graphfix.rewriting.pipeline import FixResult
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.rewriting.verdict_comparison import title

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
        _allow_approximate(slim, fixed, judge)
        refused = [result for result in fixed.results if result.next is None and is_refused(result, fixed.confirmed)]
        if refused:
            step = _fixed_sizes(slim)
            for result in refused:
                result.next = step


def _allow_approximate(model: ModelProto, fixed: FixResult, judge: Judge) -> None:
    """Add `--allow approximate` to the next step of the Results on which the approximate rewrites that fit leave fewer errors."""
    mentioned = [
        c.rewrite for c in fixed.changes if not c.applied and c.safety is Safety.APPROXIMATE and "--allow" in str(c.declined)
    ]
    rejected = [result for result in fixed.results if error_count(result.findings)]
    if not mentioned or not rejected:
        return
    made = model
    for name in dict.fromkeys(mentioned):
        rewrite = registry().get(name)
        made = (rewrite.apply(made).model if rewrite is not None else None) or made
    for result, other in zip(rejected, judge(made, [title(result) for result in rejected]), strict=True):
        step = result.next or NextStep(before=error_count(result.findings))
        if error_count(other.findings) < error_count(result.findings) and Safety.APPROXIMATE not in step.allow:
            result.next = dataclasses.replace(step, allow=(*step.allow, Safety.APPROXIMATE.value))


def is_refused(result: Result, confirmed: Mapping[str, Confirmed]) -> bool:
    """Whether the target's own compiler rejects the result, or cannot run it."""
    return title(result) in confirmed and confirmed[title(result)].last.word in ("rejected", "fails")


def _fixed_sizes(model: ModelProto) -> NextStep | None:
    """Return the sizes of a model's dynamic dims as a step: what a compiler rejects without a table's word may be about them."""
    facts = facts_of(model)
    examples = example_sizes(facts)
    sizes, fit = fitted(model, facts, examples)
    names = dict.fromkeys(name for size in sizes for name in size.examples)
    step = NextStep(shapes=tuple((size.input, size.dims) for size in sizes), examples=tuple(names), unfit=not fit)
    return step if examples else None


def _untried(finding: Finding, allowed: Collection[str], declined: Collection[str]) -> Finding:
    fix = finding.rewrite
    if fix is None or fix.name in REQUESTED or (fix.safety not in allowed and fix.name not in declined):
        return finding
    return dataclasses.replace(finding, rewrite=None, tried=None)
