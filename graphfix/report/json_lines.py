"""The `json-lines` format: one result object per line, written as soon as it is ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from graphfix.linter.diagnostics import Result
from graphfix.report.json_ import written


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write each result as a line of JSON."""
    for result in results:
        out.write(written(result.to_json()) + "\n")
    out.flush()
