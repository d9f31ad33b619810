"""Findings from a compiler's verdict: the nodes it rejects, different outputs, and a contradicted prediction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphfix.backends.compile.blame import blame
from graphfix.linter.check import place
from graphfix.linter.diagnostics import RESIZED, Finding, Result, Severity
from graphfix.linter.image_check import INTERFACE
from graphfix.linter.outcomes import CONTRADICTION, DIFFERENT, REJECTION, UNLOADABLE, UNWRITTEN, Outcome

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.compile.case import PreparedCase
    from graphfix.backends.verdict import Verdict

MAX_ERROR = 1e-3
"""The largest error, relative to an output's scale, at which a compiled model's outputs count as equal."""
QUOTED_CHARACTERS = 300
"""Characters of a compiler's message that a finding quotes."""
OUT_OF_MEMORY = re.compile(r"MemoryError|bad_alloc|GiB of memory")
"""Matches messages about exceeded memory, which do not show what the compiler supports."""
FAILURES = {"timeout": "gave no answer in time", "crash": "crashed"}
REPORTED_FIRST = frozenset({"reference", "compiled", "contradiction", "rejection", "unwritten", RESIZED, INTERFACE})
"""The kinds of the findings from running a compiler, and of those before it, which reports show before all others."""


def is_interface_error(finding: Finding) -> bool:
    """Whether a target does not take a model's inputs or outputs, whatever its compiler makes of the operators."""
    return finding.kind == INTERFACE and finding.severity is Severity.ERROR


def compiler_findings(
    result: Result, prepared: PreparedCase, verdict: Verdict, backend: Backend, *, most: float = MAX_ERROR
) -> list[Finding]:
    """Return the findings that follow from a verdict, in the order of reports.

    `result` holds the prediction, and in `compiler` the version of the compiler; `most` is the largest error that counts as
    equal.
    """
    return [
        *_reference(result, prepared),
        *_numerics(result, verdict, most),
        *_contradiction(result, prepared, verdict),
        *_rejection(result, prepared, verdict, backend),
    ]


def unwritten_findings(result: Result, prepared: PreparedCase, verdict: Verdict) -> list[Finding]:
    """Return the findings on a model that the compiler accepted but could not write to a file."""
    blamed = blame(verdict.message, (), prepared.facts)
    message = f"{_compiler(result)} accepts the model, but cannot write the compiled result"
    places = [place(node, prepared.facts) for node in blamed.nodes] or [{}]
    return [_finding(UNWRITTEN, result.target, message, kind="unwritten", measured=_quoted(verdict), **where) for where in places]


def _finding(outcome: Outcome, target: str, message: str, **more: Any) -> Finding:
    severity = more.pop("severity", outcome.severity)
    return Finding(outcome.code, outcome.name, severity, target, message, **more)


def _reference(result: Result, prepared: PreparedCase) -> Iterator[Finding]:
    reference = prepared.reference
    if not reference.loads:
        message = f"onnxruntime {reference.version} cannot load the model: {reference.trouble[:QUOTED_CHARACTERS]}"
        yield _finding(UNLOADABLE, result.target, message, kind="reference")


def _numerics(result: Result, verdict: Verdict, most: float) -> Iterator[Finding]:
    if not verdict.accepted:
        return
    message = ""
    if verdict.differs:
        message = f"the compiled model {verdict.differs}"
    elif verdict.error is not None and not verdict.error <= most:
        message = f"the compiled model's outputs differ from onnxruntime's by {verdict.error:.3g} of their scale"
    elif verdict.numerics == "error":
        message = f"the compiled model does not run: {verdict.message[:QUOTED_CHARACTERS]}"
    if message:
        yield _finding(DIFFERENT, result.target, message, kind="compiled", measured=_compiler(result))


def _contradiction(result: Result, prepared: PreparedCase, verdict: Verdict) -> Iterator[Finding]:
    predicted = result.compiler["predicted"] if result.compiler else None
    if any(map(is_interface_error, result.findings)):
        return
    out_of_bounds = verdict.stage == "timeout" or (verdict.stage == "crash" and OUT_OF_MEMORY.search(verdict.message))
    if out_of_bounds or predicted not in ("accepted", "rejected") or (predicted == "accepted") == verdict.accepted:
        return
    actual = "accepts it" if verdict.accepted else f"rejects it at {verdict.stage}"
    table = f"the table of {result.target} {result.target_version}"
    message = f"{table} says that {prepared.case.path} is {predicted}; {_compiler(result)} {actual}"
    yield _finding(CONTRADICTION, result.target, message, kind="contradiction", measured=_quoted(verdict))


def _rejection(result: Result, prepared: PreparedCase, verdict: Verdict, backend: Backend) -> Iterator[Finding]:
    if verdict.accepted:
        return
    blamed = blame(verdict.message, verdict.nodes, prepared.facts)
    compiler = f"{backend.title} {result.compiler['version'] if result.compiler else ''}".strip()
    more = {"kind": "rejection", "measured": _quoted(verdict)}
    for node in blamed.nodes:
        message = f"`{node.op}` is rejected by {compiler} itself, at {verdict.stage}"
        yield _finding(REJECTION, result.target, message, **place(node, prepared.facts), **more)
    for node in blamed.enclosing:
        message = f"`{node.op}` holds a node that {compiler} itself rejects"
        yield _finding(REJECTION, result.target, message, severity=Severity.NOTE, **place(node, prepared.facts), **more)
    for name in blamed.inputs:
        message = f"input `{name}` is rejected by {compiler} itself, at {verdict.stage}"
        yield _finding(REJECTION, result.target, message, output=name, **more)
    if not blamed.nodes and not blamed.inputs:
        failure = FAILURES.get(verdict.stage, f"rejects the model at {verdict.stage}")
        message = f"{compiler} itself {failure} and names no node; `graphfix compile --bisect` finds the smallest such part"
        yield _finding(REJECTION, result.target, message, **more)


def _quoted(verdict: Verdict) -> str:
    return f'"{verdict.message[:QUOTED_CHARACTERS]}"' if verdict.message else ""


def _compiler(result: Result) -> str:
    return f"{result.target} {result.compiler['version'] if result.compiler else ''}".strip()
