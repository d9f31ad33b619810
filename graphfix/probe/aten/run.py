"""Measuring ATen operators on a target, and writing its tables."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.backends.session import Session
from graphfix.errors import UsageError, nearest
from graphfix.probe.aten.form import Call, calls
from graphfix.probe.aten.forms import aten_forms
from graphfix.probe.measure import Evidence, read_evidence, stable_message
from graphfix.probe.write import write_evidence, write_table
from graphfix.tables.evidence import DELEGATE
from graphfix.tables.versions import tables_folder

WORKER = Path(__file__).with_name("worker.py")
BATCH = 120
"""The calls that are exported as one program, at most."""
DEADLINE, MEMORY_GIB = 900.0, 10.0
RENAMED = frozenset({"_to_copy.default"})
"""Operators that have another name in the edge dialect, in which partitioners list them."""
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A probe with the table that it is about, and its digest."""

    table: str
    call: Call

    @property
    def digest(self) -> str:
        """16 hex digits of the call."""
        return hashlib.sha256(json.dumps(self.call.to_json(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run measured: probes with a verdict, those that became no or other operators, and the tables written."""

    version: str
    probes: int
    dropped: int
    tables: int


def measure_aten(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str,
    home: Path | None = None,
    evidence: Path,
    report: Report | None = None,
    seconds: float = float("inf"),
) -> Outcome:
    """Measure operators on one target and write its tables; answers in the folder `evidence` are not asked for again.

    First the usual call of every operator is asked, then the next of each, so that a run that ends after some `seconds` has
    something of all. Of an operator that a partitioner does not list no call is asked.
    """
    for op in ops:
        if op not in aten_forms():
            raise UsageError(f"no form describes `{op}`", hint=nearest(op, aten_forms()))
    forms = [(name, form) for name, found in aten_forms().items() if not ops or name in ops for form in found]
    with Session(WORKER, python=python, deadline=DEADLINE, memory_gib=MEMORY_GIB) as session:
        answers = Answers(target, evidence, session, report or _silent, seconds)
        known = answers.known_operators()
        asked = [[Asked(name, call) for call in calls(form)] for name, form in forms if known(form.op)]
        rows = answers.of(one for turn in itertools.zip_longest(*asked) for one in turn if one is not None)
        rows += [_unlisted(name, form.op) for name, form in forms if not known(form.op)]
        version = session.version
    rows = list({(row.op, row.digest): row for row in rows}.values())
    written = write_tables(tables_folder(home) / target / version, rows, f"{target} {version}")
    return Outcome(version, len(rows), len(answers.dropped), written)


def _silent(_: str) -> None:
    """Report nothing."""


def _unlisted(name: str, op: str) -> Evidence:
    """Return the evidence that a partitioner lists no form of an operator, which says the same of all calls."""
    overload = op.rpartition(".")[2]
    said = "the partitioner does not list the operator"
    return Evidence(name, f"listed.{overload}", f"{overload}: listed", (), {"overload": overload}, "rejected", DELEGATE, said)


class Answers:
    """The answers about one target, kept in files of a folder, which a run goes on from."""

    def __init__(self, target: str, folder: Path, session: Session, report: Report, seconds: float) -> None:
        """Read what is known; after some seconds nothing more is asked."""
        self.end = time.monotonic() + seconds
        folder.mkdir(parents=True, exist_ok=True)
        self.partitioner = target.partition("-")[2]
        self.session, self.report = session, report
        self.path, self.dropped_path = folder / f"{target}.jsonl", folder / f"{target}.dropped.jsonl"
        self.rows = {row.digest: row for row in read_evidence(self.path)}
        lines = self.dropped_path.read_text().splitlines() if self.dropped_path.exists() else []
        self.dropped = {json.loads(line)["digest"] for line in lines}

    def known_operators(self) -> Callable[[str], bool]:
        """Return a function that tells whether a target may take an operator in some form."""
        if not self.partitioner:
            return lambda op: True
        known = set(self.session.send({"partitioner": self.partitioner}, deadline=DEADLINE)["known"])
        copies = {name.replace("_copy.", ".") for name in known}
        return lambda op: not known or op.partition(".")[2] in known | copies | RENAMED

    def of(self, found: Iterable[Asked]) -> list[Evidence]:
        """Return the evidence of calls; those without an answer are asked, in order."""
        wanted = list({one.digest: one for one in found}.values())
        for batch in _batches([one for one in wanted if one.digest not in self.rows and one.digest not in self.dropped]):
            if time.monotonic() > self.end:
                break
            with self.path.open("a") as sink, self.dropped_path.open("a") as lost:
                for asked, answer in _answers(self.session, batch, self.partitioner):
                    if "facets" in answer:
                        row = self.rows[asked.digest] = _evidence(asked, answer)
                        sink.write(row.line() + "\n")
                    else:
                        self.dropped.add(asked.digest)
                        told = {"digest": asked.digest, "op": asked.call.op, "label": asked.call.label, **answer}
                        lost.write(json.dumps(told) + "\n")
            self.report(f"{len(self.rows)} probes, {len(self.dropped)} dropped")
        return [self.rows[one.digest] for one in wanted if one.digest in self.rows]


def write_tables(folder: Path, rows: Sequence[Evidence], compiler: str) -> int:
    """Write the tables and the evidence of some operators; returns the number of tables."""
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    groups: dict[str, list[Evidence]] = {}
    for row in rows:
        groups.setdefault(row.op, []).append(row)
    for name, group in groups.items():
        write_table(folder, name, group, compiler, on)
    write_evidence(folder, rows)
    return len(groups)


def _batches(wanted: Sequence[Asked]) -> Iterator[Sequence[Asked]]:
    """Yield probes in batches, in which those of one dtype are together."""
    for first in range(0, len(wanted), BATCH):
        yield sorted(wanted[first : first + BATCH], key=lambda one: one.call.dtype)


def _answers(session: Session, batch: Sequence[Asked], partitioner: str) -> Iterator[tuple[Asked, Mapping[str, Any]]]:
    """Yield each probe with its answer; a batch that ends the worker is asked in halves."""
    request = {"calls": [one.call.to_json() for one in batch], "partitioner": partitioner}
    answer = session.send(request, deadline=DEADLINE)
    if answer["stage"] == "ok":
        yield from zip(batch, answer["answers"], strict=True)
    elif len(batch) == 1:
        yield batch[0], {"dropped": f"{answer['stage']}: {answer['message']}"}
    else:
        middle = len(batch) // 2
        yield from _answers(session, batch[:middle], partitioner)
        yield from _answers(session, batch[middle:], partitioner)


def _evidence(asked: Asked, answer: Mapping[str, Any]) -> Evidence:
    error = answer.get("error")
    wrong = answer["verdict"] == "wrong" and error is not None and error < float("inf")
    return Evidence(
        asked.table, asked.digest, f"{asked.call.op.rpartition('.')[2]}: {asked.call.label}", asked.call.varied, answer["facets"],
        answer["verdict"], answer["stage"], stable_message(answer["said"]), float(f"{error:.3g}") if wrong else None,
    )  # fmt: skip
