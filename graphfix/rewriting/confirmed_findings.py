"""The findings on a result after its compilers were asked: the compiler is right where the table says something else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from graphfix.linter.diagnostics import UNDECIDED, WRONG, Finding, Result, Severity, number_duplicates
from graphfix.linter.outcomes import CONTRADICTION
from graphfix.rewriting.measurement import Confirmed
from graphfix.rewriting.verdict_comparison import is_wrong, title

QUOTED_CHARACTERS = 300
"""Characters of a compiler's message that a finding quotes."""
SUPPORTED = ("right", "wrong", "accepted")
"""What compilers say of models that they take; one that compiles and does not run is not supported either."""


def add_confirmed(results: Sequence[Result], confirmed: Mapping[str, Confirmed]) -> None:
    """Add what the compilers made of the results.

    Where a compiler accepts the model, the rejections of its table become notes, and what the table leaves undecided is decided.
    """
    for result in results:
        if title(result) not in confirmed:
            continue
        found = confirmed[title(result)]
        result.confirmed = {title(result): found.to_json()}
        if found.last.reason or result.compiler is not None:
            continue
        predicted = result.verdict
        result.compiler = {**found.last.compiler, "predicted": predicted}
        table = result.findings
        if found.last.word in SUPPORTED:
            table = [_outvoted(finding) for finding in table if finding.kind not in UNDECIDED]
        table = [refuted(finding) for finding in table] if found.last.right else table
        known = {(f.scope, f.output) for f in table if f.severity is Severity.ERROR}
        known |= {((), "")} if known else set()  # a rejection that names no node says nothing new
        added = [f for f in found.last.findings if f.severity is not Severity.ERROR or (f.scope, f.output) not in known]
        added += _contradiction(result, found, predicted)
        result.findings = number_duplicates([*added, *table], result.called)
        result.findings.sort(key=lambda finding: -finding.severity.weight)


def computes_right(result: Result, confirmed: Mapping[str, Confirmed]) -> bool:
    """Whether the target's compiler took the result and computed what it should."""
    return title(result) in confirmed and confirmed[title(result)].last.right


def failures(result: Result, confirmed: Mapping[str, Confirmed]) -> str:
    """Return on how many inputs the compiled result does not run; empty where it runs, or was not run."""
    samples = confirmed[title(result)].last.samples if title(result) in confirmed else ()
    count = samples.count("fails")
    return f"compiles, but does not run on {count} of {len(samples)} inputs" if count else ""


def known_wrong(result: Result, confirmed: Mapping[str, Confirmed]) -> bool:
    """Whether the result is known to compute something else: by its compiler where that ran it, else by the table."""
    return not computes_right(result, confirmed) and any(map(is_wrong, result.findings))


def refuted(finding: Finding) -> Finding:
    """Return what a table says of wrong numerics as a note without a fix, for a model that computes right when compiled here."""
    if finding.kind != WRONG or finding.evidence is None or finding.severity is Severity.NOTE:
        return finding
    message = f"{finding.message}; not so here: the compiled model agrees with onnxruntime on the inputs tried"
    return dataclasses.replace(finding, severity=Severity.NOTE, message=message, rewrite=None, cure="")


def _outvoted(finding: Finding) -> Finding:
    return dataclasses.replace(finding, severity=Severity.NOTE) if finding.severity is Severity.ERROR else finding


def _contradiction(result: Result, found: Confirmed, predicted: str | None) -> list[Finding]:
    if predicted not in ("accepted", "rejected") or (predicted == "accepted") == found.last.accepted:
        return []
    if found.last.word == "fails":  # a rejection that comes late
        return []
    actual = "accepts it" if found.last.accepted else f"rejects it at {found.last.compiler.get('stage')}"
    compiler = f"{result.target} {found.last.compiler.get('version')}"
    message = f"the table of {result.target} {result.target_version} says that the result is {predicted}; {compiler} {actual}"
    quoted = any(finding.severity is Severity.ERROR for finding in found.last.findings)  # which say it already
    said = "" if quoted else str(found.last.compiler.get("message", ""))[:QUOTED_CHARACTERS]
    severity = CONTRADICTION.severity
    return [
        Finding(CONTRADICTION.code, CONTRADICTION.name, severity, result.target, message, kind="contradiction", measured=said)
    ]
