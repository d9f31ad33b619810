"""The `parquet` format: a row for each result, with its findings nested; pyarrow is imported when it is asked for."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from io import RawIOBase
from itertools import islice
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile, destination, output_errors

GROUP = 1000
"""Results in a row group; so many are in memory at a time."""
MORE = "more"
"""The column that holds, as JSON, what has no column of its own."""
OPTIONAL = frozenset({"called", "input"})
"""Keys that are absent from a result rather than null."""


def pyarrow(path: Path) -> Any:
    """Import pyarrow; UsageError where it is not installed."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError:
        hint = "install it with `pip install 'graphfix[registry]'`"
        raise UsageError("Parquet needs pyarrow", path=path, hint=hint) from None
    return importlib.import_module("pyarrow")


def write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write results to a file atomically; OutputError where it cannot be written."""
    arrow, goal, rows = pyarrow(path), destination(path), iter(rows)
    schema = _schema(arrow)
    with output_errors(path), PendingFile(os.path.dirname(goal)) as pending:
        with arrow.parquet.ParquetWriter(_Sink(pending), schema) as writer:
            while group := list(islice(rows, GROUP)):
                writer.write_table(arrow.Table.from_pylist([_flat(row, schema.names) for row in group], schema))
        pending.put(goal)


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the results in a file as JSON has them; UsageError where it is no such file."""
    arrow = pyarrow(path)
    try:
        with arrow.parquet.ParquetFile(path) as file:
            for group in file.iter_batches(GROUP):
                for row in group.to_pylist():
                    more = json.loads(row.pop(MORE))
                    yield {key: value for key, value in row.items() if value is not None or key not in OPTIONAL} | more
    except (arrow.ArrowException, KeyError) as error:
        raise UsageError("is no Parquet file of graphfix", path=path, hint="name a file that `graphfix lint` wrote") from error


class _Sink(RawIOBase):
    """A pending file as pyarrow writes to one."""

    def __init__(self, pending: PendingFile) -> None:
        super().__init__()
        self._pending = pending

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Append bytes."""
        self._pending.write(bytes(data))
        return len(data)


def _flat(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return a result by column."""
    columns = {name: row[name] for name in names if name in row}
    return columns | {MORE: json.dumps({key: value for key, value in row.items() if key not in columns}, ensure_ascii=False)}


def _schema(arrow: Any) -> Any:
    """Return the columns; strings that are the same in many rows are stored once by Parquet itself."""
    text, number, texts = arrow.string(), arrow.int64(), arrow.list_(arrow.string())
    finding = arrow.struct(
        [
            *((name, text) for name in ("code", "name", "severity")),
            ("scope", texts),
            *((name, text) for name in ("node", "op", "domain", "output", "message", "evidence", "measured")),
            ("probes", arrow.struct([("for", number), ("against", number)])),
            ("cure", text),
            (
                "rewrite",
                arrow.struct([("name", text), ("safety", text), ("rewrites", texts), ("fixed", number), ("of", number)]),
            ),
            ("source", arrow.struct([("module", text), ("file", text), ("line", number)])),
            ("fingerprint", text),
        ]
    )
    return arrow.schema(
        [
            *((name, text) for name in ("model", "target", "target_version", "called", "verdict")),
            ("nodes", number),
            ("findings", arrow.list_(finding)),
            *((name, text) for name in ("error", "input", MORE)),
        ]
    )
