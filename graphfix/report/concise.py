"""The `concise` format: one finding per line, for grep and editors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from graphfix.errors import printable
from graphfix.linter.diagnostics import Result
from graphfix.report.paragraphs import place


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write `model: scope / node in module (file:line): severity CODE [target] message` per finding, and a verdict per result."""
    for result in results:
        if result.error is not None:
            continue
        for finding in result.findings:
            where = place(finding) or "(model)"
            target = result.called or finding.target
            line = f"{result.model}: {where}: {finding.severity} {finding.code} [{target}] {finding.message}"
            out.write(printable(line) + "\n")
        out.write(printable(f"{result.model}: {result.verdict} [{result.judge}]") + "\n")
