"""Measuring a deployment target: the probes of the compiler's own table are asked again, and what differs is written.

What differs is whether a probe is accepted. The evidence of an operator is then that of the compiler's own table with the
answers that differ in place of theirs, and its table is distilled from both.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.errors import UsageError
from graphfix.probe.form import VARIANT
from graphfix.probe.measure import RUNS, Evidence
from graphfix.probe.parallel import OperatorMeasurer
from graphfix.probe.run import chosen, claim, kept_answers
from graphfix.probe.write import EVIDENCE, entry, read_archive, text, trials_of, write_atomically, write_evidence
from graphfix.tables.deployment import differing_folder, parted
from graphfix.tables.entry import Entry
from graphfix.tables.versions import tables_folder


@dataclass(frozen=True, slots=True)
class Differing:
    """The result of measuring one operator: the number of probes, and of those that are accepted on one side alone."""

    op: str
    probes: int
    differing: int


def measure_deployed(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> list[Differing]:
    """Measure operators for the deployment target in `T@NAME`, and write the tables that differ from the compiler's own.

    Raises:
        UsageError: an unknown deployment target, or no evidence of the compiler to compare with.
        BackendError: the compiler is not there.
    """
    names = chosen(ops)
    name, _, wanted = target.partition("@")
    outcomes = []
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    with kept_answers(evidence) as answers, open_backend(target, python=python) as session:
        compiler = f"{backend(name).name} {session.version}"
        claim(answers, compiler)
        version, deployment = parted(name, session.version, home=home)
        folder = tables_folder(home) / name / version
        own: dict[str, list[Evidence]] = {}
        for row in read_archive(folder):
            own.setdefault(row.op, []).append(row)
        if not own:
            hint = f"measure it with `graphfix probe --target {name}@{version}`"
            raise UsageError(f"there is no evidence of {name} {version} to compare {wanted} with", hint=hint)
        measurer = OperatorMeasurer(session, name, answers)
        for op in names:
            if op not in own:
                continue
            rows = measurer.measured(op, [row for row in own[op] if VARIANT in row.varied]).rows
            outcomes.append(Differing(op, len(rows), write_differing(folder, deployment, op, own[op], rows, compiler, on)))
            if report is not None:
                report(f"{op}: {len(rows)} probes, {outcomes[-1].differing} differ")
    return outcomes


def write_differing(
    folder: Path, deployment: str, op: str, own: Sequence[Evidence], rows: Sequence[Evidence], compiler: str, on: str
) -> int:
    """Write the table and the evidence of one operator for a deployment target, and return how many probes differ.

    `own` is the evidence of the compiler's own table in the folder. Where nothing differs, what was written before is removed.
    """
    where = differing_folder(folder, deployment)
    assert where is not None
    accepted = {row.digest: row.verdict in RUNS for row in own}
    other = {row.digest: row for row in rows if row.digest in accepted and (row.verdict in RUNS) is not accepted[row.digest]}
    path = where / f"{op}.json"
    if not other:
        path.unlink(missing_ok=True)
        _keep_evidence(where, op, [])
        return 0
    where.mkdir(parents=True, exist_ok=True)
    merged = [other.get(row.digest, row) for row in own]
    trials = {digest: trial for digest, trial in trials_of(folder, op).items() if digest not in other}
    active = Entry.read(folder / path.name).active
    write_atomically(path, text(entry(op, merged, compiler, on, trials, active=active)).encode())
    _keep_evidence(where, op, list(other.values()))
    return len(other)


def read_differing(folder: Path, deployment: str) -> list[Evidence]:
    """Return the evidence for a deployment target: that of the compiler's own table in the folder, with what differs."""
    where = differing_folder(folder, deployment)
    other = {(row.op, row.digest): row for row in read_archive(where)} if where is not None else {}
    return [other.get((row.op, row.digest), row) for row in read_archive(folder)]


def _keep_evidence(where: Path, op: str, rows: Sequence[Evidence]) -> None:
    """Write the evidence of one operator in place of what is there; a file that would have none is removed."""
    every = [*(row for row in read_archive(where) if row.op != op), *rows]
    (where / EVIDENCE).unlink(missing_ok=True)
    if every:
        write_evidence(where, every)
