"""Files of results that `lint` wrote: JSON, JSON lines or Parquet, read one result at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError

Row = dict[str, Any]
"""A result as docs/json.md describes it."""
PARQUET = b"PAR1"
NEEDED = frozenset({"model", "target", "target_version", "verdict", "findings", "error"})
"""The keys of a result that its readers use."""


def read_results(path: Path, *, partial: bool = False) -> Iterator[Row]:
    """Yield the results in a file; a `partial` one may end within a line, which is left out.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    try:
        with open(path, "rb") as file:
            parquet = file.read(len(PARQUET)) == PARQUET
        if parquet:
            from graphfix.report.parquet import read_parquet

            yield from read_parquet(path)
            return
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if partial and not line.endswith(b"\n"):
                    return
                yield from _rows(line, path, number)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=path, hint="check the path") from error


def _rows(line: bytes, path: Path, number: int) -> Iterator[Row]:
    """Yield the result in a line, or those in the report that the line is."""
    try:
        found = json.loads(line)
        rows = found.get("results", [found])
        fine = all(row.keys() >= NEEDED for row in rows)
    except (ValueError, TypeError, AttributeError):
        fine = False
    if not fine:
        hint = "name a file that `graphfix lint` wrote as json, json-lines or parquet"
        raise UsageError(f"line {number} is no result", path=path, hint=hint)
    yield from rows
