"""The `text` format: for each model what to try next, the verdicts as a matrix, and the causes; coloured on a terminal."""

from __future__ import annotations

import dataclasses
import shlex
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.report.causes import Cause, cause_lines, causes
from graphfix.report.labels import label
from graphfix.report.page import Page
from graphfix.report.paragraphs import DETAILS, FULL, NO_LIMIT, STYLES, Detail, Line, paragraphs, wrapped
from graphfix.report.profiles import profile_line
from graphfix.report.step_notes import step_notes
from graphfix.report.verdict_matrix import VERDICTS, rejected_nodes, statistics_lines, verdict_matrix

SCREEN = 38
"""The number of lines for several models without the summary; beyond it they are summarised together."""
ONE_SCREEN = 22
"""The number of lines for one model without the summary and the rest of a long command."""
SUGGESTION = "  try first "


def render(results: Sequence[Result], out: TextIO, *, full: bool = False) -> None:
    """Write the next step, verdicts and causes of each model, and a summary; `full` leaves nothing out."""
    page = Page(out)
    models = [list(group) for _, group in groupby(results, key=lambda result: result.model)]
    readable = [[result for result in group if result.error is None] for group in models]
    found = [causes(group, full=full) for group in readable] if full or len(readable) <= SCREEN else []
    room = ONE_SCREEN if len(readable) == 1 else SCREEN
    lines: list[Line] = []
    for detail in (FULL,) if full else DETAILS if found else ():
        lines = [line for group, its in zip(readable, found, strict=True) for line in _model(group, its, detail, page.width)]
        if len(lines) <= room:
            break
    if not full and len(readable) > 1 and (len(lines) > SCREEN or len(readable) > SCREEN):
        from graphfix.report.many_models import across

        lines = across(results, page.width, SCREEN)
    for line in lines:
        page.line(*line)
    summary(page, results)


def _model(results: Sequence[Result], found: Sequence[Cause], detail: Detail, width: int) -> list[Line]:
    """Return the lines on one model: the next step, each target's verdict, and the causes."""
    if not results:
        return []
    covered, lead = _next_step(results, detail, width)
    lines: list[Line] = []
    if len(results) == 1:
        if lead:
            lines += [[(results[0].model, "bold"), ":"], *lead]
        lines += head(results[0], width)
    else:
        lines += [_verdict_of_all(results), *lead, *verdict_matrix(results, width)]
    if lead and not detail.everything:
        detail = dataclasses.replace(detail, brief=True)
    lines += cause_lines(results, [cause for cause in found if cause.findings[0].message not in covered], detail, width)
    return lines


def _verdict_of_all(results: Sequence[Result]) -> Line:
    """Return the first line on a model: how many targets accept it."""
    counts = Counter(str(result.verdict) for result in results)
    spans: list[str | tuple[str, str]] = [(results[0].model, "bold"), ": "]
    for verdict, by in (("accepted", " by "), ("rejected", " by "), ("undecided", " on ")):
        if counts[verdict]:
            every = "both" if len(results) == 2 else f"all {len(results)}"
            count = every if counts[verdict] == len(results) else str(counts[verdict])
            spans += [", " if len(spans) > 2 else "", (verdict, VERDICTS[verdict]), f"{by}{count}"]
    return [*spans, f"{'' if len(counts) == 1 else f' of {len(results)}'} targets"]


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
    lines: list[Line] = [[(SUGGESTION, "bold"), step.command or shlex.join(step.words)]]
    lines += ([" " * len(SUGGESTION) + line] for reason in reasons for line in wrapped(reason, room, 2))
    covered = cause is not None and not detail.everything
    return frozenset([cause.message] if covered and cause is not None else []), lines


def head(result: Result, width: int) -> list[Line]:
    """Return the lines with the model's name, the verdict, the target, and how many nodes are rejected, for a page's width."""
    verdict = str(result.verdict)
    spans: list[str | tuple[str, str]] = [(verdict, VERDICTS[verdict]), f" by {label(result)}"]
    if result.compiler is not None:
        predicted, real = str(result.compiler["predicted"]), "accepted" if result.compiler["accepted"] else "rejected"
        spans = ["predicted ", (predicted, VERDICTS[predicted]), f" by {label(result)}, "]
        spans += [(real, VERDICTS[real]), f" by {result.target} {result.compiler['version']} itself"]
    elif verdict == "rejected" and " of " in (counted := rejected_nodes(result)):
        rejected, _, wrong = counted.partition("; ")
        spans.append(f", {rejected} nodes" + (f"; {wrong}" if wrong else ""))
    lines: list[Line] = [[(result.model, "bold"), ": ", *spans]]
    lines += ([f"  {line}"] for line in statistics_lines(result, width - 2))
    if result.profile is not None:
        lines.append([f"  {profile_line(result.profile)}"])
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
