"""The results of a long run, kept as they are known: a killed run loses none of them, and the next one goes on from there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile, destination, output_errors, writable
from graphfix.report.json_ import written
from graphfix.report.results_file import Row, read_results

SUFFIX = ".partial"
"""What follows the name of the output file in that of the file of results so far."""


class ResultsJournal:
    """The JSON lines beside an output file to which results are appended, and which become that file at the end.

    A model's rows are complete once there is one for each of its targets, with the model's present fingerprint; a row with an
    error is judged again, since a network or a time limit may be behind it.
    """

    def __init__(self, output: Path, wanted: Mapping[str, tuple[str, int]], *, resume: bool, force: bool) -> None:
        """Open the journal; `wanted` are the fingerprints of models, and the numbers of their targets."""
        self._output = output
        self._path = Path(destination(output) + SUFFIX)
        writable(output, force=True)
        if not resume and self._path.exists() and not force:
            hint = "continue it with --resume, or discard it with --force"
            raise UsageError("an interrupted run has left results", path=self._path, hint=hint)
        with output_errors(self._path), self._path.open("ab") as claimed:
            _lock(claimed, self._path)
            self.done = self._keep(wanted) if resume else set()
            self._file = self._path.open("ab" if resume else "wb", buffering=0)
            if resume:  # it is another file now
                _lock(self._file, self._path)

    def _keep(self, wanted: Mapping[str, tuple[str, int]]) -> set[str]:
        """Write the journal anew with the rows that still hold; returns the models that need not be judged."""
        counts: dict[str, int] = {}
        for row in self._rows_before():
            fingerprint, _ = wanted.get(row["model"], ("", 0))
            counts[row["model"]] = counts.get(row["model"], 0) + _holds(row, fingerprint)
        done = {model for model, count in counts.items() if model in wanted and count >= wanted[model][1]}
        with output_errors(self._path), PendingFile(os.path.dirname(self._path)) as pending:
            for row in self._rows_before():
                if row["model"] not in wanted or (row["model"] in done and _holds(row, wanted[row["model"]][0])):
                    pending.write(_line(row))
            pending.put(str(self._path))
        return done

    def _rows_before(self) -> Iterator[Row]:
        """Yield the rows of the output and of an interrupted run, each model and target once."""
        seen: set[tuple[str, str]] = set()
        for path, partial in ((self._path, True), (self._output, False)):
            if not path.exists():
                continue
            for row in read_results(path, partial=partial):
                key = row["model"], row.get("called") or row["target"]
                if key not in seen:
                    seen.add(key)
                    yield row

    def add(self, rows: Sequence[Row]) -> None:
        """Append the rows of one model."""
        left = memoryview(b"".join(map(_line, rows)))
        with output_errors(self._path):
            while left:
                left = left[self._file.write(left) or 0 :]

    def rows(self) -> Iterator[Row]:
        """Yield all rows so far."""
        yield from read_results(self._path, partial=True)

    def finish(self, output_format: str) -> None:
        """Make the output file of the journal, which is then gone."""
        with output_errors(self._output):
            os.fsync(self._file.fileno())
            self._file.close()
            if output_format != "parquet":
                os.replace(self._path, destination(self._output))
                return
        from graphfix.report.parquet import write_parquet

        write_parquet(self.rows(), self._output)
        self._path.unlink()

    def close(self) -> None:
        """Close the file; the rows stay in it."""
        self._file.close()


def _lock(file: IO[bytes], path: Path) -> None:
    """Claim a file for this process; UsageError where another run has it."""
    if importlib.util.find_spec("fcntl") is None:
        return
    fcntl = importlib.import_module("fcntl")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError("another run is writing it", path=path, hint="let it end, or name another --output-file") from None


def _holds(row: Mapping[str, Any], fingerprint: str) -> bool:
    """Whether a row is the result of judging this very content."""
    return bool(fingerprint) and row.get("input") == fingerprint and row["error"] is None


def _line(row: Row) -> bytes:
    return (written(row) + "\n").encode()
