"""The `text` format: one screen for people, findings with one cause told once, colour only on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.report.page import Page
from graphfix.report.paragraphs import DETAILS, FULL, NO_LIMIT, STYLES, Detail, Line, paragraphs, wrapped

VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
SCREEN = 38
"""Lines for all models together, beside the summary; where that is too few for each by itself, they are told together."""
FIRST = "  try first "


def render(results: Sequence[Result], out: TextIO, *, full: bool = False) -> None:
    """Write a paragraph for each model and target, and lines that sum them up; `full` leaves nothing out."""
    page = Page(out)
    models = [list(group) for _, group in groupby(results, key=lambda result: result.model)]
    told = [[result for result in group if result.error is None] for group in models]
    lines: list[Line] = []
    for detail in (FULL,) if full else DETAILS if len(told) <= SCREEN else ():
        lines = [line for group in told for line in _model(group, detail, page.width)]
        if len(lines) <= SCREEN:
            break
    if not full and len(told) > 1 and (len(lines) > SCREEN or len(told) > SCREEN):
        from graphfix.report.across import across

        lines = across(results, page.width, SCREEN)
    for line in lines:
        page.line(*line)
    summary(page, results)


def _model(told: Sequence[Result], detail: Detail, width: int) -> list[Line]:
    """The lines about one model: what to give before all else, each target's verdict, and what is so on every target."""
    everywhere = _everywhere(told)
    first, lead = (frozenset[str](), []) if detail.everything else _first(told, width)
    lines: list[Line] = list(lead)
    for result in told:
        lines += head(result)
        own = [f for f in result.findings if (f.code, f.op, f.message) not in everywhere and f.message not in first]
        lines += paragraphs(own, detail, width, called=result.called)
    shared = [f for f in told[0].findings if (f.code, f.op, f.message) in everywhere and f.message not in first] if told else []
    if shared:
        lines.append([(told[0].model, "bold"), ": on every target"])
        lines += paragraphs(shared, detail, width)
    return lines


def _first(told: Sequence[Result], width: int) -> tuple[frozenset[str], list[Line]]:
    """The options that dissolve the most, with the reason, for a model that is not accepted everywhere.

    Beside the lines, the messages that these lines have told.
    """
    open_ = [result for result in told if result.verdict != "accepted"]
    cures = [finding for result in open_ for finding in result.findings if finding.cure]
    if not cures:
        return frozenset(), []
    # What binds a value decides which part of the graph there is at all, so it comes before what fixes a size.
    chosen = max(cures, key=lambda finding: ("--set " in finding.cure, finding.severity.weight))
    if "--set " not in chosen.cure:
        return frozenset(), []
    room = width - len(FIRST)
    command, *rest = wrapped(chosen.cure, room, 2)
    why = wrapped(f"{chosen.message.partition('; ')[0]} ({chosen.code})", room, 2)
    lines: list[Line] = [[(told[0].model, "bold"), ":"], [(FIRST, "bold"), command]]
    return frozenset([chosen.message]), [*lines, *([" " * len(FIRST) + line] for line in (*rest, *why))]


def head(result: Result) -> list[Line]:
    """The model's name, the verdict and the target."""
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


def findings(page: Page, found: Sequence[Finding], *, full: bool, called: str = "") -> None:
    """Write findings, those with one cause as one paragraph; few notes unless all are wanted."""
    for line in paragraphs(found, FULL if full else DETAILS[0], page.width, called=called):
        page.line(*line)


def summary(page: Page, results: Sequence[Result]) -> None:
    """Write the counts of verdicts, findings and cures."""
    verdicts = Counter(str(result.verdict) for result in results if result.error is None)
    counts = Counter(finding.severity.value for result in results for finding in result.findings)
    curable = [f for result in results for f in result.findings if f.rewrite is not None and f.severity is not Severity.NOTE]
    unread = len({result.model for result in results if result.error is not None})
    silenced = sum(len(result.silenced) for result in results)
    parts = [f"{verdicts[name]} {name}" for name in ("accepted", "rejected", "undecided") if verdicts[name]]
    if unread:
        parts.append(f"{unread} could not be read")
    found = ", ".join(f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in STYLES if counts[name])
    tail = f" Found {found}." if found else ""
    tail += f" {silenced} silenced by settings or baseline." if silenced else ""
    tail += f" {len(curable)} may be fixable with `graphfix fix`." if curable else ""
    for line in wrapped(f"{', '.join(parts) or 'No models'}.{tail}", page.width, NO_LIMIT):
        page.line(line)


def _everywhere(results: Sequence[Result]) -> set[tuple[str, str, str]]:
    """What all of several targets share and no rewrite mends for one of them, by code, operator and message."""
    if len(results) < 2:
        return set()
    told = (((f.code, f.op, f.message) for f in r.findings if f.severity is Severity.NOTE or f.rewrite is None) for r in results)
    return set.intersection(*map(set, told))
