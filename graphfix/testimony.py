"""From a compiler's verdict to findings: whom it blames, whether it computes the same, whether it was foreseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphfix.blame import blame
from graphfix.check import place
from graphfix.diagnostic import Finding, Result, Severity
from graphfix.outcomes import CONTRADICTION, DIFFERENT, REJECTION, UNLOADABLE, UNWRITTEN, Outcome

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.verdict import Verdict
    from graphfix.compile_case import Ready

CLOSE = 1e-3
"""Largest error, as a share of an output's scale, at which a compiled model counts as the same."""
SAID = 300
"""Characters of a compiler's message that a finding quotes."""
MEMORY = re.compile(r"MemoryError|bad_alloc|GiB of memory")
"""How it sounds when a bound was hit, which says nothing about what the compiler supports."""
HOW = {"timeout": "gave no answer in time", "crash": "crashed"}
LOUD = frozenset({"reference", "compiled", "contradiction", "rejection", "unwritten"})
"""Kinds of the findings made here, which reports show before all others."""


def testimony(result: Result, ready: Ready, verdict: Verdict, backend: Backend) -> list[Finding]:
    """The findings that follow from a verdict, in the order in which they are to be read.

    `result` holds the prediction, and in `compiler` the version that was asked.
    """
    return [
        *_reference(result, ready),
        *_numerics(result, verdict),
        *_contradiction(result, ready, verdict),
        *_rejection(result, ready, verdict, backend),
    ]


def unwritten(result: Result, ready: Ready, verdict: Verdict) -> list[Finding]:
    """The findings on a model that the compiler took and could not write down."""
    blamed = blame(verdict.message, (), ready.facts)
    message = f"{_version(result)} takes the model, but cannot write what it made of it"
    places = [place(node, ready.facts) for node in blamed.nodes] or [{}]
    return [_finding(UNWRITTEN, result.target, message, kind="unwritten", measured=_said(verdict), **where) for where in places]


def _finding(outcome: Outcome, target: str, message: str, **more: Any) -> Finding:
    severity = more.pop("severity", outcome.severity)
    return Finding(outcome.code, outcome.name, severity, target, message, **more)


def _reference(result: Result, ready: Ready) -> Iterator[Finding]:
    reference = ready.reference
    if not reference.loads:
        message = f"onnxruntime {reference.version} cannot load the model: {reference.trouble[:SAID]}"
        yield _finding(UNLOADABLE, result.target, message, kind="reference")


def _numerics(result: Result, verdict: Verdict) -> Iterator[Finding]:
    if not verdict.accepted:
        return
    message = ""
    if verdict.error is not None and not verdict.error <= CLOSE:
        message = f"the compiled model's outputs differ from onnxruntime's by {verdict.error:.3g} of their scale"
    elif verdict.numerics == "error":
        message = f"the compiled model does not run: {verdict.message[:SAID]}"
    if message:
        yield _finding(DIFFERENT, result.target, message, kind="compiled", measured=_version(result))


def _contradiction(result: Result, ready: Ready, verdict: Verdict) -> Iterator[Finding]:
    predicted = result.compiler["predicted"] if result.compiler else None
    bounded = verdict.stage == "timeout" or (verdict.stage == "crash" and MEMORY.search(verdict.message))
    if bounded or predicted not in ("accepted", "rejected") or (predicted == "accepted") == verdict.accepted:
        return
    real = "accepts it" if verdict.accepted else f"rejects it at {verdict.stage}"
    table = f"the table of {result.target} {result.target_version}"
    message = f"{table} says that {ready.case.path} is {predicted}; {_version(result)} {real}"
    yield _finding(CONTRADICTION, result.target, message, kind="contradiction", measured=_said(verdict))


def _rejection(result: Result, ready: Ready, verdict: Verdict, backend: Backend) -> Iterator[Finding]:
    if verdict.accepted:
        return
    blamed = blame(verdict.message, verdict.nodes, ready.facts)
    by = f"{backend.title} {result.compiler['version'] if result.compiler else ''}".strip()
    more = {"kind": "rejection", "measured": _said(verdict)}
    for node in blamed.nodes:
        message = f"`{node.op}` is rejected by {by} itself, at {verdict.stage}"
        yield _finding(REJECTION, result.target, message, **place(node, ready.facts), **more)
    for node in blamed.around:
        message = f"`{node.op}` holds a node that {by} itself rejects"
        yield _finding(REJECTION, result.target, message, severity=Severity.NOTE, **place(node, ready.facts), **more)
    for name in blamed.inputs:
        message = f"input `{name}` is rejected by {by} itself, at {verdict.stage}"
        yield _finding(REJECTION, result.target, message, output=name, **more)
    if not blamed.nodes and not blamed.inputs:
        how = HOW.get(verdict.stage, f"rejects the model at {verdict.stage}")
        message = f"{by} itself {how} and names no node; `graphfix compile --bisect` finds the smallest such part"
        yield _finding(REJECTION, result.target, message, **more)


def _said(verdict: Verdict) -> str:
    return f'"{verdict.message[:SAID]}"' if verdict.message else ""


def _version(result: Result) -> str:
    return f"{result.target} {result.compiler['version'] if result.compiler else ''}".strip()
