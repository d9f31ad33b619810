"""Comparison of the verdicts on two versions of a model: counts of what makes a target unusable, and regressions.

Wrong numerics weigh as much as a rejection: a model that compiles and computes something else is not fixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from graphfix.linter.diagnostics import RESIZED, UNDECIDED, Finding, Result, Severity
from graphfix.linter.fix_rules import FALLBACK
from graphfix.linter.outcomes import DIFFERENT

WRONG = DIFFERENT.code
"""The code of findings about wrong numerics, from a table or from a compiler that was run."""


def is_wrong(finding: Finding) -> bool:
    """Whether a finding says that the compiled model computes something else; a note that limits it to some inputs does not."""
    return finding.code == WRONG and finding.severity is not Severity.NOTE


def is_doubt(finding: Finding) -> bool:
    """Whether a finding says that the compiled model computes something else for some inputs, which only running it decides."""
    return finding.code == WRONG and finding.severity is Severity.NOTE


def is_grave(finding: Finding) -> bool:
    """Whether the target rejects the model, or computes something else, because of a finding."""
    return is_error(finding) or is_wrong(finding)


def is_error(finding: Finding) -> bool:
    """Whether a finding is an error that a rewrite can fix: only sizes help a model that runs at one size."""
    return finding.severity is Severity.ERROR and finding.kind != RESIZED


def title(result: Result) -> str:
    """Return the target's name as requested, with its version: two versions of a target are two targets."""
    return result.called or result.target


def errors(results: Sequence[Result]) -> int:
    """Return the number of rejections and of wrong numerics on all targets."""
    return sum(map(is_grave, (finding for result in results for finding in result.findings)))


def severity_score(results: Sequence[Result]) -> tuple[int, int]:
    """Return the numbers of errors, and of other warnings and undecided nodes, on all targets; those on speed do not count."""
    others = [f for result in results for f in result.findings if not is_grave(f)]
    doubts = sum(f.kind in UNDECIDED or (f.severity is Severity.WARNING and f.kind != FALLBACK) for f in others)
    return errors(results), doubts


def regressions(
    before: Sequence[Result], after: Sequence[Result], callers: Set[str] = frozenset()
) -> Iterator[tuple[Result, Finding]]:
    """Yield new errors on a target that had none, and on a target that did not call for the change and has more than before.

    Wrong numerics are errors. A target that called for the change may have more of either for a while: see `trades`.
    """
    for old, new in zip(before, after, strict=True):
        had = errors([old])
        if not had or (callers and title(old) not in callers and errors([new]) > had):
            known = {finding.fingerprint for finding in old.findings if is_grave(finding)}
            found = [f for f in new.findings if is_grave(f)]
            yield from ((old, f) for f in [f for f in found if f.fingerprint not in known] or found[:1])


def trades(before: Sequence[Result], after: Sequence[Result]) -> bool:
    """Whether a target has more rejections or more wrong numerics than before, or is undecided where it was accepted.

    Less of the one does not make up for more of the other.
    """
    return any(
        sum(map(is_error, new.findings)) > sum(map(is_error, old.findings))
        or sum(map(is_wrong, new.findings)) > sum(map(is_wrong, old.findings))
        or (old.verdict == "accepted" and new.verdict == "undecided")
        for old, new in zip(before, after, strict=True)
    )
