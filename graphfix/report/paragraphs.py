"""Findings as paragraphs, one for each cause: message, location, measurement and fix, wrapped to a width."""

from __future__ import annotations

import functools
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphfix.ir.source_location import named
from graphfix.linter.advice import unfixed
from graphfix.linter.diagnostics import UNDECIDED, Finding, Severity
from graphfix.linter.finding_order import need
from graphfix.report.page import Span

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
FIRST_KINDS = {"reference": 0, "unwritten": 0, "compiled": 0, "contradiction": 1, "preview": 1}
"""Kinds of findings that come first whatever their severity: a compiler's or onnxruntime's own result, and that a target is a
preview."""
NODES_SHOWN = 2
NOTES_SHOWN = 6
MEASURED_LINES = 3
"""The number of lines of a measurement with the compiler's words at most."""
MESSAGE, LABELS = 10, 14
"""The columns at which continued messages, and texts behind a label, begin."""
NO_LIMIT = 1_000_000
Line = Sequence[Span]


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown: causes, lines of a message, and whether locations and measurements are.

    `brief` refers to options by the next step that names them.
    """

    causes: int = NO_LIMIT
    lines: int = NO_LIMIT
    places: bool = True
    measured: bool = True
    everything: bool = False
    brief: bool = False


FULL = Detail(everything=True)
DETAILS = (
    Detail(),
    Detail(measured=False, lines=3),
    Detail(causes=6, measured=False, lines=3),
    Detail(causes=6, measured=False, lines=2),
    Detail(causes=4, measured=False, lines=2),
    Detail(causes=3, measured=False, lines=2),
    Detail(causes=2, measured=False, lines=2),
    Detail(causes=2, measured=False, places=False, lines=2),
    Detail(causes=1, measured=False, lines=2),
    Detail(causes=1, measured=False, places=False, lines=2),
)
"""The amounts of detail, from the most to the least."""


def grouped(found: Iterable[Finding], *, full: bool = False) -> list[list[Finding]]:
    """Group findings by cause: FIRST_KINDS first, then by severity, what decides before the rest, and frequent ones first."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in found:
        cause = finding.evidence or finding.message
        key = (finding.code, finding.op, cause, finding.message if full else "")
        groups.setdefault(key, []).append(finding)
    return sorted(groups.values(), key=_importance)


def _importance(group: Sequence[Finding]) -> tuple[int, int, int, int]:
    severity = group[0].severity
    rank = min(map(need, group)) if severity is Severity.ERROR else 0
    return FIRST_KINDS.get(group[0].kind, 2), -severity.weight, rank, -len(group)


def paragraphs(found: Sequence[Finding], detail: Detail, width: int) -> list[Line]:
    """Return the lines on one target's findings, the most important first, and a line that counts what is left out.

    For a rejected model undecided findings on single nodes are only counted.
    """
    hidden: Counter[str] = Counter()
    lines: list[Line] = []
    shown = notes = 0
    rejected = any(finding.severity is Severity.ERROR for finding in found)
    for group in grouped(found, full=detail.everything):
        note = group[0].severity is Severity.NOTE
        hide = note and ((rejected and group[0].kind in UNDECIDED) or shown + notes >= NOTES_SHOWN)
        if not detail.everything and (hide or shown >= detail.causes):
            hidden[group[0].code] += len(group)
            continue
        shown, notes = shown + (not note), notes + note
        lines += paragraph(group, detail, width)
    if hidden:
        parts = ", ".join(f"{count} {code}" for code, count in sorted(hidden.items()))
        lines.append([(f"  and {parts}; show them with --full", "dim")])
    return lines


def paragraph(group: Sequence[Finding], detail: Detail, width: int, tag: str = "") -> list[Line]:
    """Return the lines on findings that share a cause; `tag` names the targets where there are several."""
    finding = group[0]
    severity = finding.severity.value
    heading = f"{finding.code} {finding.name}  {tag}{finding.message}"
    first, *rest = [heading] if detail.everything else whole_clauses(heading, width - MESSAGE, detail.lines)
    lines: list[Line] = [["  ", (f"{severity:7}", STYLES[severity]), f" {first}"], *([" " * MESSAGE + line] for line in rest)]
    room = NO_LIMIT if detail.everything else width - LABELS
    if (finding.node or finding.source is not None) and detail.places:
        lines.append(["    ", ("at", "dim"), f"        {places(group, room, full=detail.everything)}"])
    if finding.measured and detail.measured and finding.severity is not Severity.NOTE:
        first, *rest = wrapped(" ".join(finding.measured.split()), room, MEASURED_LINES)
        lines.append(["    ", ("measured", "dim"), f"  {first}"])
        lines += ([" " * LABELS + line] for line in rest)
    if helps := _help(finding, brief=detail.brief):
        fix = wrapped(helps, room, NO_LIMIT)
        lines.append(["    ", ("fix", "dim"), f"       {fix[0]}"])
        lines += ([" " * LABELS + line] for line in fix[1:])
    return lines


def _help(finding: Finding, *, brief: bool) -> str:
    """Return the rewrites that fix a finding, with their safety and count; else what to change instead, else empty.

    If `brief`, the options are only referred to: the next step above names them.
    """
    if finding.rewrite is None and finding.cure and finding.severity is Severity.ERROR:
        return "the options above" if brief else finding.cure
    if finding.rewrite is None:
        return unfixed(finding)
    if finding.cure and finding.severity is Severity.NOTE:  # which its message says already
        return ""
    named = "with the options above" if brief else finding.cure
    options = f": {named}" if finding.cure and finding.rewrite.safety == "interface" else ""
    return f"{finding.rewrite}{options}"


def places(group: Sequence[Finding], room: int, *, full: bool) -> str:
    """Return the locations of findings: some nodes by their paths, as many as `room` allows, and how many more there are."""
    names = list(map(place, group if full else group[:NODES_SHOWN]))
    for count in range(len(names), len(names) - 1 if full else 0, -1):
        rest = f" and {len(group) - count} more" if len(group) > count else ""
        text = f"{', '.join(names[:count])}{rest}"
        if len(text) <= room:
            return text
    return clipped(names[0], room - len(rest)) + rest


def place(finding: Finding) -> str:
    """Return the location of a finding: the node's path with its module and line; or only these."""
    if not finding.node and finding.source is not None:
        return str(finding.source)
    return named(" / ".join([*finding.scope, finding.node]), finding.source)


def wrapped(text: str, width: int, most: int) -> list[str]:
    """Return the text as lines of at most `width` characters, and no more than `most` of them."""
    lines = _lines(text, max(width, 20))
    # Two spaces separate names from messages; wrapping keeps them, except at the end of a line.
    return list(lines) if len(lines) <= most else [*lines[: most - 1], clipped(" ".join(lines[most - 1 :]), width)]


def whole_clauses(text: str, width: int, most: int) -> list[str]:
    """Return the text as lines, without the last clauses where it is longer than `most` lines; the first stays whole.

    A sentence that is cut in its middle loses its verb.
    """
    lines = _lines(text, max(width, 20))
    while len(lines) > most and "; " in text:
        text = text.rpartition("; ")[0]
        lines = _lines(text, max(width, 20))
    return list(lines)


@functools.lru_cache(1024)  # each amount of detail wraps the same texts again
def _lines(text: str, width: int) -> tuple[str, ...]:
    return tuple(textwrap.wrap(text, width, break_long_words=True, break_on_hyphens=False)) or ("",)


def clipped(text: str, room: int) -> str:
    """Return the text with its middle left out where it is longer than `room`."""
    room = max(room, 10)
    return text if len(text) <= room else f"{text[: room // 2 - 1]}…{text[len(text) - (room - room // 2) :]}"
