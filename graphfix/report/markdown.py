"""The `markdown` format: fit for a comment on a pull request, the largest blocker first, of bounded size.

Names and a compiler's words are code, so that they mention nobody and are no markup.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TextIO

from graphfix.diagnostic import UNDECIDED, Finding, Result
from graphfix.report.paragraphs import clipped, grouped, place

MOST = 60_000
"""Characters of a comment; GitHub takes 65,536."""
ROWS = 50
"""Models and targets in the table at the top."""
CAUSES = 12
"""Causes told for each model and target."""
NODES = 3
WORDS = 240
"""Characters of a name or of a compiler's words."""
SPECIAL = re.compile(r"([\\*_\[\]()<>|~&!])")
CALLS = re.compile("([@#])")
"""What would mention a person or an issue; a space of no width behind it prevents that."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write a table of verdicts, then the causes of what is not accepted."""
    worst = sorted(results, key=_gravity)
    counts = Counter("could not be read" if result.error is not None else str(result.verdict) for result in results)
    wanted = ("rejected", "could not be read", "undecided", "accepted")
    title = ", ".join(f"{counts[name]} {name}" for name in wanted if counts[name]) or "no models"
    lines = [f"### graphfix: {title}", "", *_table(worst)]
    size, left = sum(map(len, lines)) + len(lines), 0
    for result in worst:
        block = _block(result)
        room = sum(map(len, block)) + len(block)
        if size + room > MOST:
            left += 1
            continue
        size += room
        lines += block
    if left:
        lines += ["", f"{left} more are left out here; `graphfix lint` tells all of it."]
    out.write("\n".join(lines) + "\n")


def _gravity(result: Result) -> tuple[int, ...]:
    """The order of results: unreadable, then by the number of errors, of warnings, then undecided before accepted."""
    count = Counter(finding.severity.value for finding in result.findings)
    return (result.error is None, -count["error"], -count["warning"], result.verdict == "accepted")


def _table(results: Sequence[Result]) -> Iterable[str]:
    yield "| model | target | verdict | errors | warnings | notes |"
    yield "|---|---|---|---:|---:|---:|"
    for result in results[:ROWS]:
        count = Counter(finding.severity.value for finding in result.findings)
        verdict = f"**{result.verdict}**" if result.error is None else "could not be read"
        numbers = " | ".join(str(count[name]) for name in ("error", "warning", "note"))
        model = _code(clipped(result.model, WORDS)).replace("|", "\\|")
        yield f"| {model} | {result.judge} | {verdict} | {numbers} |"
    if len(results) > ROWS:
        yield f"| and {len(results) - ROWS} more | | | | | |"


def _block(result: Result) -> list[str]:
    """The causes of one result; empty when there is nothing to do about it."""
    if result.error is not None:
        return ["", f"#### {_code(clipped(result.model, WORDS))}", "", _plain(clipped(result.error, WORDS))]
    groups = grouped(f for f in result.findings if result.verdict != "rejected" or f.kind not in UNDECIDED)
    if not groups:
        return []
    lines = ["", f"#### {_code(clipped(result.model, WORDS))} on {result.judge}: {result.verdict}", ""]
    cures = {finding.cure for finding in result.findings if finding.cure and "--set " in finding.cure}
    if cures and result.verdict != "accepted":
        lines += [f"First try {_code(max(cures, key=len))}.", ""]
    for group in groups[:CAUSES]:
        lines += _cause(result, group)
    if len(groups) > CAUSES:
        lines.append(f"- and {len(groups) - CAUSES} more causes")
    return lines


def _cause(result: Result, group: Sequence[Finding]) -> Iterable[str]:
    finding = group[0]
    count = f" ({len(group)} nodes)" if len(group) > 1 else ""
    yield f"- **{finding.severity}** {finding.code} {finding.name}{count}: {_plain(finding.message)}"
    names = list(dict.fromkeys(place(item) for item in group if item.node or item.source is not None))
    if names:
        rest = f" and {len(names) - NODES} more" if len(names) > NODES else ""
        yield f"  - at {', '.join(_code(clipped(name, WORDS)) for name in names[:NODES])}{rest}"
    if finding.measured:
        yield f"  - measured: {_code(clipped(finding.measured, WORDS))}"
    if finding.rewrite is not None:
        command = f"graphfix fix {result.model} --target {result.called or result.target} -o fixed.onnx"
        yield f"  - {finding.rewrite.name} ({finding.rewrite.safety}) may cure it: {_code(command)}"


def _code(text: str) -> str:
    """Text as code, in as many backticks as keep it whole."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(text: str) -> str:
    """A message whose names stand in backticks, everything else kept from being markup."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return _escaped("'".join(parts))
    return "`".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    return CALLS.sub("\\1\u200b", SPECIAL.sub(r"\\\1", text))
