"""The `concise` format: one finding a line, for grep and for editors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from graphfix.diagnostic import Result


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write `model: scope / node: severity CODE [target] message` for every finding, and a verdict a result."""
    for result in results:
        if result.error is not None:
            continue
        for finding in result.findings:
            where = " / ".join([*finding.scope, finding.node]) or "(model)"
            target = result.called or finding.target
            line = f"{result.model}: {where}: {finding.severity} {finding.code} [{target}] {finding.message}"
            out.write(line + "\n")
        out.write(f"{result.model}: {result.verdict} [{result.judge}]\n")
