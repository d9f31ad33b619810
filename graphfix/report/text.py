"""The `text` format: one screen for people, findings with one cause told once, colour only on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TextIO

from graphfix.diagnostic import UNDECIDED, Finding, Result, Severity
from graphfix.report.page import Page

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
VERDICTS = {"accepted": "bold green", "rejected": "bold red", "undecided": "bold yellow"}
LOUDEST = {"reference": 0, "unwritten": 0, "compiled": 0, "contradiction": 1}
"""Kinds of finding that a compiler's or onnxruntime's own word makes come first, whatever their severity."""
NOTES_SHOWN = 6
NODES_SHOWN = 2
WIDEST = 160
"""Characters of a node's path or of a compiler's words shown without --full."""


def render(results: Sequence[Result], out: TextIO, *, full: bool = False) -> None:
    """Write a paragraph for each model and target, and one line that sums them up."""
    page = Page(out)
    for _, group in groupby(results, key=lambda result: result.model):
        told = [result for result in group if result.error is None]
        everywhere = _everywhere(told)
        for result in told:
            head(page, result)
            found = [f for f in result.findings if (f.code, f.op, f.message) not in everywhere]
            findings(page, found, full=full, called=result.called)
        if everywhere:
            page.line((told[0].model, "bold"), ": on every target")
            findings(page, [f for f in told[0].findings if (f.code, f.op, f.message) in everywhere], full=full)
    summary(page, results)


def head(page: Page, result: Result) -> None:
    """Write the model's name, the verdict and the target."""
    verdict = str(result.verdict)
    spans: list[str | tuple[str, str]] = [(verdict, VERDICTS[verdict]), f" by {result.target} {result.target_version}"]
    if result.compiler is not None:
        predicted, real = str(result.compiler["predicted"]), "accepted" if result.compiler["accepted"] else "rejected"
        spans = ["predicted ", (predicted, VERDICTS[predicted]), f" by {result.target} {result.target_version}, "]
        spans += [(real, VERDICTS[real]), f" by {result.target} {result.compiler['version']} itself"]
    page.line((result.model, "bold"), ": ", *spans)
    if result.statistics is not None:
        count = result.statistics
        islands = len(count["islands"])
        page.line(f"  {count['supported']} of {count['nodes']} nodes are taken, in {islands} island{'s' if islands != 1 else ''}")


def findings(page: Page, found: Sequence[Finding], *, full: bool, called: str = "") -> None:
    """Write findings, those with one cause as one paragraph; few notes unless all are wanted.

    `called` is the target as it was asked for, with its version if that was named. What is open about single nodes is
    only counted once the model is rejected anyway.
    """
    hidden: Counter[str] = Counter()
    rejected = any(finding.severity is Severity.ERROR for finding in found)
    for shown, group in enumerate(_grouped(found, full=full)):
        open_ = rejected and group[0].kind in UNDECIDED
        if not full and group[0].severity is Severity.NOTE and (shown >= NOTES_SHOWN or open_):
            hidden[group[0].code] += len(group)
        else:
            paragraph(page, group, full=full, called=called)
    if hidden:
        parts = ", ".join(f"{count} {code}" for code, count in sorted(hidden.items()))
        page.line((f"  and {parts}; show them with --full", "dim"))


def paragraph(page: Page, group: Sequence[Finding], *, full: bool = False, called: str = "") -> None:
    """Write findings that share a cause: what, where, how it was measured, and the cure."""
    finding = group[0]
    style = STYLES[finding.severity.value]
    page.line("  ", (f"{finding.severity.value:7}", style), f" {finding.code} {finding.name}  {finding.message}")
    if finding.node:
        names = [" / ".join([*item.scope, item.node]) for item in group]
        few = names if full else [clipped(name) for name in names[:NODES_SHOWN]]
        rest = f" and {len(names) - len(few)} more" if len(names) > len(few) else ""
        page.line("    ", ("at", "dim"), f"        {', '.join(few)}{rest}")
    if finding.measured and finding.severity is not Severity.NOTE:
        page.line("    ", ("measured", "dim"), f"  {finding.measured if full else clipped(finding.measured)}")
    if finding.rewrite is not None:
        options = {"exact": "", "approximate": " --allow approximate", "interface": " --shape NAME=DIMS"}
        command = f"graphfix fix MODEL --target {called or finding.target}{options[finding.rewrite.safety]} -o fixed.onnx"
        page.line("    ", ("fix", "dim"), f"       {finding.rewrite.name} ({finding.rewrite.safety}): {command}")


def summary(page: Page, results: Sequence[Result]) -> None:
    """Write one line with the counts of verdicts, findings and cures."""
    verdicts = Counter(str(result.verdict) for result in results if result.error is None)
    counts = Counter(finding.severity.value for result in results for finding in result.findings)
    curable = [f for result in results for f in result.findings if f.rewrite is not None and f.severity is not Severity.NOTE]
    unread = len({result.model for result in results if result.error is not None})
    parts = [f"{verdicts[name]} {name}" for name in ("accepted", "rejected", "undecided") if verdicts[name]]
    if unread:
        parts.append(f"{unread} could not be read")
    found = ", ".join(f"{counts[name]} {name}{'s' if counts[name] != 1 else ''}" for name in STYLES if counts[name])
    tail = f" Found {found}." if found else ""
    tail += f" {len(curable)} may be fixable with `graphfix fix`." if curable else ""
    page.line(f"{', '.join(parts) or 'No models'}.{tail}")


def clipped(text: str) -> str:
    """The text, its middle left out where it is too long for a screen."""
    return text if len(text) <= WIDEST else f"{text[: WIDEST // 2 - 1]}…{text[-WIDEST // 2 :]}"


def _everywhere(results: Sequence[Result]) -> set[tuple[str, str, str]]:
    """The notes that all of several targets share, by code, operator and message."""
    if len(results) < 2:
        return set()
    notes = [{(f.code, f.op, f.message) for f in r.findings if f.severity is Severity.NOTE} for r in results]
    return set.intersection(*notes)


def _grouped(found: Iterable[Finding], *, full: bool) -> list[list[Finding]]:
    """Findings with one cause together: the loudest, then the gravest and most frequent first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in found:
        cause = finding.evidence or finding.message
        key = (finding.code, finding.op, cause, finding.message if full else "")
        groups.setdefault(key, []).append(finding)
    return sorted(groups.values(), key=lambda group: (LOUDEST.get(group[0].kind, 2), -group[0].severity.weight, -len(group)))
