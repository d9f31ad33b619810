"""The `github` format: workflow commands that GitHub Actions shows as annotations, one for each cause.

GitHub shows ten of each level for a step, so findings with one cause become one annotation and the most severe come
first. An annotation is attached to the line of Python of the first of its nodes that has one, else to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from graphfix.errors import printable
from graphfix.linter.diagnostics import UNDECIDED, Finding, Result, Severity
from graphfix.report.file_uris import cited, hosted
from graphfix.report.paragraphs import grouped, places

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
ROOM = 200
"""The number of characters for the names of nodes."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write one command per line; undecided findings on single nodes of a rejected model are left out."""
    annotations: list[tuple[int, str]] = []
    for result in results:
        if result.error is not None:
            line = _command("error", hosted(result.model), "graphfix", result.error)
            if (-9, line) not in annotations:
                annotations.append((-9, line))
            continue
        kept = [f for f in result.findings if result.verdict != "rejected" or f.kind not in UNDECIDED]
        annotations += [(-group[0].severity.weight, _annotation(result, group)) for group in grouped(kept)]
    for _, line in sorted(annotations, key=lambda item: item[0]):
        out.write(line + "\n")


def _annotation(result: Result, group: Sequence[Finding]) -> str:
    """Return the command for findings with one cause."""
    finding = group[0]
    title = f"{finding.code} {finding.name} [{result.called or result.target}]"
    source = next((item.source for item in group if cited(item.source)), None)
    lines = [finding.message]
    if finding.node:
        model = f" of {result.model}" if source is not None else ""
        lines.append(f"at {places(group, ROOM, full=False)}{model}")
    if finding.measured:
        lines.append(f"measured: {finding.measured}")
    if finding.rewrite is not None:
        lines.append(f"fix: {finding.rewrite}")
    if result.next is not None and result.next.command and finding.severity is Severity.ERROR:
        lines.append(f"try first: {result.next.command}")
    file = cited(source) or hosted(result.model)
    line = None if source is None else source.line
    return _command(COMMANDS[finding.severity.value], file, title, "\n".join(lines), line=line)


def _command(command: str, file: str, title: str, message: str, *, line: int | None = None) -> str:
    where = f"file={_property(file)}{'' if line is None else f',line={line}'}"
    return f"::{command} {where},title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text, keep="\n").replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
