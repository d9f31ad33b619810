"""Whether the result of `fix` suits its targets: the reasons why not, which also make the exit code 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.linter.diagnostics import Result

if TYPE_CHECKING:
    from graphfix.rewriting.pipeline import FixResult


def mark_unfixed(fixed: FixResult, results: Sequence[Result]) -> None:
    """Set on each Result why it does not suit the target; empty where it does. The settings have been applied before."""
    verdicts: Mapping[str, str | None] = {result.called or result.target: None for result in results}
    if len(fixed.before) == len(fixed.results):
        verdicts = {one.called or one.target: was for one, was in zip(fixed.results, fixed.before, strict=True)}
    for result in results:
        result.unfixed = _reason(fixed, result, verdicts.get(result.called or result.target))


def unfixed_exit_code(results: Sequence[Result], code: int) -> int:
    """Return 1 in place of 0 where a result does not suit its target."""
    return code or int(any(result.unfixed for result in results))


def _reason(fixed: FixResult, result: Result, before: str | None) -> str:
    from graphfix.linter.diagnostics import RESIZED, Severity
    from graphfix.rewriting.confirmed_findings import failures, known_wrong

    if failed := failures(result, fixed.confirmed):
        return failed
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    if any(finding.kind != RESIZED for finding in errors):
        return "rejected"
    if errors:
        return "runs only at fixed sizes"
    if known_wrong(result, fixed.confirmed):
        return "computes something else"
    return "undecided, and was accepted before" if result.verdict == "undecided" and before == "accepted" else ""
