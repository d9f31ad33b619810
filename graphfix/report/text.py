"""The `text` format: one screen for people, one paragraph for each cause, coloured on a terminal."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.report.page import Page
from graphfix.report.paragraphs import DETAILS, FULL, NO_LIMIT, STYLES, Detail, Line, paragraphs, wrapped
from graphfix.report.step_notes import step_notes

VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
SCREEN = 38
"""The number of lines for all models without the summary; beyond it many models are summarised together."""
SUGGESTION = "  try first "


def render(results: Sequence[Result], out: TextIO, *, full: bool = False) -> None:
    """Write a paragraph for each model and target, and a summary; `full` leaves nothing out."""
    page = Page(out)
    models = [list(group) for _, group in groupby(results, key=lambda result: result.model)]
    readable = [[result for result in group if result.error is None] for group in models]
    lines: list[Line] = []
    for detail in (FULL,) if full else DETAILS if len(readable) <= SCREEN else ():
        lines = [line for group in readable for line in _model(group, detail, page.width)]
        if len(lines) <= SCREEN:
            break
    if not full and len(readable) > 1 and (len(lines) > SCREEN or len(readable) > SCREEN):
        from graphfix.report.many_models import across

        lines = across(results, page.width, SCREEN)
    for line in lines:
        page.line(*line)
    summary(page, results)


def _model(results: Sequence[Result], detail: Detail, width: int) -> list[Line]:
    """Return the lines on one model: the next step, each target's verdict, and what all targets have in common."""
    common = _common_findings(results)
    suggested, lead = _next_step(results, detail, width)
    lines: list[Line] = list(lead)
    for result in results:
        lines += head(result)
        own = [f for f in result.findings if (f.code, f.op, f.message) not in common and f.message not in suggested]
        lines += paragraphs(own, detail, width)
    shared = (
        [f for f in results[0].findings if (f.code, f.op, f.message) in common and f.message not in suggested] if results else []
    )
    if shared:
        lines.append([(results[0].model, "bold"), ": on every target"])
        lines += paragraphs(shared, detail, width)
    return lines


def _next_step(results: Sequence[Result], detail: Detail, width: int) -> tuple[frozenset[str], list[Line]]:
    """Return the messages that the next step covers, and the lines that name it with its reasons; both empty without one.

    The command stays on one line, however long, so that it can be copied.
    """
    step = next((result.next for result in results if result.next is not None), None)
    if step is None:
        return frozenset(), []
    room = width - len(SUGGESTION)
    cause = next((f for result in results for f in result.findings if step.values and f.kind == "control-flow" and f.cure), None)
    reasons = [f"{cause.message.partition('; ')[0]} ({cause.code})"] if cause is not None else []
    reasons += step_notes(step)
    lines: list[Line] = [[(results[0].model, "bold"), ":"], [(SUGGESTION, "bold"), step.command or shlex.join(step.words)]]
    lines += ([" " * len(SUGGESTION) + line] for reason in reasons for line in wrapped(reason, room, 2))
    covered = cause is not None and not detail.everything
    return frozenset([cause.message] if covered and cause is not None else []), lines


def head(result: Result) -> list[Line]:
    """Return the lines with the model's name, the verdict and the target."""
    verdict = str(result.verdict)
    spans: list[str | tuple[str, str]] = [(verdict, VERDICTS[verdict]), f" by {result.judge}"]
    if result.compiler is not None:
        predicted, real = str(result.compiler["predicted"]), "accepted" if result.compiler["accepted"] else "rejected"
        spans = ["predicted ", (predicted, VERDICTS[predicted]), f" by {result.judge}, "]
        spans += [(real, VERDICTS[real]), f" by {result.target} {result.compiler['version']} itself"]
    lines: list[Line] = [[(result.model, "bold"), ": ", *spans]]
    if result.statistics is not None:
        count = result.statistics
        islands = len(count["islands"])
        plural = "s" if islands != 1 else ""
        lines.append([f"  {count['supported']} of {count['nodes']} nodes are taken, in {islands} island{plural}"])
    return lines


def findings(page: Page, found: Sequence[Finding], *, full: bool) -> None:
    """Write findings, those with one cause as one paragraph; few notes unless `full`."""
    for line in paragraphs(found, FULL if full else DETAILS[0], page.width):
        page.line(*line)


def summary(page: Page, results: Sequence[Result]) -> None:
    """Write the counts of verdicts, findings and fixable findings."""
    verdicts = Counter(str(result.verdict) for result in results if result.error is None)
    counts = Counter(finding.severity.value for result in results for finding in result.findings)
    fixable = [f for result in results for f in result.findings if f.rewrite is not None and f.severity is not Severity.NOTE]
    unreadable = len({result.model for result in results if result.error is not None})
    silenced = sum(len(result.silenced) for result in results)
    parts = [f"{verdicts[name]} {name}" for name in ("accepted", "rejected", "undecided") if verdicts[name]]
    if unreadable:
        parts.append(f"{unreadable} could not be read")
    found = ", ".join(f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in STYLES if counts[name])
    tail = f" Found {found}." if found else ""
    tail += f" {silenced} silenced by settings or baseline." if silenced else ""
    tail += f" {len(fixable)} may be fixable with `graphfix fix`." if fixable else ""
    for line in wrapped(f"{', '.join(parts) or 'No models'}.{tail}", page.width, NO_LIMIT):
        page.line(line)


def _common_findings(results: Sequence[Result]) -> set[tuple[str, str, str]]:
    """Return the code, operator and message of findings that all targets share and no rewrite fixes for one of them."""
    if len(results) < 2:
        return set()
    keys = (((f.code, f.op, f.message) for f in r.findings if f.severity is Severity.NOTE or f.rewrite is None) for r in results)
    return set.intersection(*map(set, keys))
