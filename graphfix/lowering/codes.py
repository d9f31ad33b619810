"""Findings from what the lowering workers tell: what hinders a program's export, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.source_outcomes import ARITHMETIC, BRANCH, DIFFERS, FAILED, PACKED, SIZE_BRANCH, TRAINING, TRANSPOSE, WRITE

SOURCE = "source"
"""The `kind` of findings that are about the program, and not about a node."""
KINDS = {
    "training-mode": TRAINING,
    "packed-sequence": PACKED,
    "data-dependent-branch": BRANCH,
    "size-arithmetic": ARITHMETIC,
    "indexed-write": WRITE,
    "size-branch": SIZE_BRANCH,
    "export-failed": FAILED,
    "border-transpose": TRANSPOSE,
    "lowering-differs": DIFFERS,
}
"""The outcome of each kind that workers report."""


def finding(report: Mapping[str, Any], target: str) -> Finding:
    """Return a worker's report as a finding for one target: a leftover with its `kind`, or a failure, which has none.

    A `severity` in the report replaces the kind's default.

    Raises:
        KeyError: there is no such kind.
    """
    outcome = KINDS[report.get("kind") or "export-failed"]
    message = str(report.get("text") or report.get("message") or outcome.name)
    cure = str(report.get("cure") or "")
    message = f"{message.rstrip('.')}; {cure}" if cure and cure not in message else message
    module, file, line = str(report.get("module") or ""), str(report.get("file") or ""), report.get("line")
    source = SourceLocation(module, file, int(line) if line else None) if module or file else None
    message = message.replace(f" ({source})", "") if source is not None else message  # reports show it separately
    severity = Severity(report.get("severity") or outcome.severity)
    return Finding(outcome.code, outcome.name, severity, target, message, kind=SOURCE, source=source)
