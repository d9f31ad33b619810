"""The `markdown` format: a comment for a pull request, the most severe findings first, of limited size.

Names and compilers' messages are written as code, so that they mention no one and contain no markup.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TextIO

from graphfix.errors import printable
from graphfix.linter.diagnostics import UNDECIDED, Finding, Result
from graphfix.report.paragraphs import clipped, grouped, place
from graphfix.report.step_notes import step_notes

MAX_CHARACTERS = 60_000
"""The number of characters of a comment at most; GitHub allows 65,536."""
MAX_ROWS = 50
"""The number of models and targets in the table at most."""
MAX_CAUSES = 12
"""The number of causes shown for each model and target at most."""
MAX_NODES = 3
MAX_TEXT = 240
"""The number of characters of a name or of a compiler's message at most."""
SPECIAL = re.compile(r"([\\*_\[\]()<>|~&!])")
MENTIONS = re.compile("([@#])")
"""Characters that would mention a person or an issue; a zero-width space behind them prevents that."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write a table of verdicts, then the causes of what is not accepted."""
    ordered = sorted(results, key=_sort_key)
    counts = Counter("could not be read" if result.error is not None else str(result.verdict) for result in results)
    wanted = ("rejected", "could not be read", "undecided", "accepted")
    title = ", ".join(f"{counts[name]} {name}" for name in wanted if counts[name]) or "no models"
    lines = [f"### graphfix: {title}", "", *_table(ordered)]
    size, omitted = sum(map(len, lines)) + len(lines), 0
    for result in ordered:
        block = _block(result)
        length = sum(map(len, block)) + len(block)
        if size + length > MAX_CHARACTERS:
            omitted += 1
            continue
        size += length
        lines += block
    if omitted:
        lines += ["", f"{omitted} more are left out here; `graphfix lint` shows all of them."]
    out.write("\n".join(lines) + "\n")


def _sort_key(result: Result) -> tuple[int, ...]:
    """Return a sort key: unreadable first, then by the number of errors and of warnings, then undecided before accepted."""
    count = Counter(finding.severity.value for finding in result.findings)
    return (result.error is None, -count["error"], -count["warning"], result.verdict == "accepted")


def _table(results: Sequence[Result]) -> Iterable[str]:
    yield "| model | target | verdict | errors | warnings | notes |"
    yield "|---|---|---|---:|---:|---:|"
    for result in results[:MAX_ROWS]:
        count = Counter(finding.severity.value for finding in result.findings)
        verdict = f"**{result.verdict}**" if result.error is None else "could not be read"
        numbers = " | ".join(str(count[name]) for name in ("error", "warning", "note"))
        model = _code(clipped(result.model, MAX_TEXT)).replace("|", "\\|")
        yield f"| {model} | {result.judge} | {verdict} | {numbers} |"
    if len(results) > MAX_ROWS:
        yield f"| and {len(results) - MAX_ROWS} more | | | | | |"


def _block(result: Result) -> list[str]:
    """Return the lines on the causes of one result; empty where there are none."""
    if result.error is not None:
        return ["", f"#### {_code(clipped(result.model, MAX_TEXT))}", "", _escaped_message(clipped(result.error, MAX_TEXT))]
    groups = grouped(f for f in result.findings if result.verdict != "rejected" or f.kind not in UNDECIDED)
    if not groups:
        return []
    lines = ["", f"#### {_code(clipped(result.model, MAX_TEXT))} on {result.judge}: {result.verdict}", ""]
    if result.next is not None:
        lines += [f"First try {_code(result.next.command or shlex.join(result.next.words))}.", ""]
        lines += [line for note in step_notes(result.next) for line in (f"{_escaped_message(note)}.", "")]
    for group in groups[:MAX_CAUSES]:
        lines += _cause(result, group)
    if len(groups) > MAX_CAUSES:
        lines.append(f"- and {len(groups) - MAX_CAUSES} more causes")
    return lines


def _cause(result: Result, group: Sequence[Finding]) -> Iterable[str]:
    finding = group[0]
    count = f" ({len(group)} nodes)" if len(group) > 1 else ""
    yield f"- **{finding.severity}** {finding.code} {finding.name}{count}: {_escaped_message(finding.message)}"
    names = list(dict.fromkeys(place(item) for item in group if item.node or item.source is not None))
    if names:
        rest = f" and {len(names) - MAX_NODES} more" if len(names) > MAX_NODES else ""
        yield f"  - at {', '.join(_code(clipped(name, MAX_TEXT)) for name in names[:MAX_NODES])}{rest}"
    if finding.measured:
        yield f"  - measured: {_code(clipped(finding.measured, MAX_TEXT))}"
    if finding.rewrite is not None:
        yield f"  - fix: {finding.rewrite}"


def _code(text: str) -> str:
    """Return text as inline code, fenced by as many backticks as it needs."""
    text = printable(" ".join(text.split()))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _escaped_message(text: str) -> str:
    """Return a message with its names in backticks and everything else escaped."""
    parts = printable(" ".join(text.split())).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1:-1]):  # two backticks in a row would be one fence
        return _escaped("'".join(parts))
    return "`".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    return MENTIONS.sub("\\1\u200b", SPECIAL.sub(r"\\\1", text))
