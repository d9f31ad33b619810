"""Active probing of a compiler, operator by operator, from the evidence beside its tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import UsageError
from graphfix.probe.active import Deepened, deepened
from graphfix.probe.build import probes
from graphfix.probe.choice import for_target
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence, measure
from graphfix.probe.parallel import in_worker, worker_pool
from graphfix.probe.run import chosen, claim, differs, kept_answers
from graphfix.probe.write import read_archive, write_evidence, write_table
from graphfix.tables.versions import tables_folder

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ActiveOutcome:
    """The result of active probing: the variants asked about, the entries below the floor before and after, and the
    operators whose tables changed."""

    version: str
    operators: int
    asked: int
    before: int
    after: int
    changed: tuple[str, ...]


def probe_actively(
    target: str,
    ops: Sequence[str] = (),
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Report | None = None,
    jobs: int = 1,
    cluster: str | None = None,
) -> ActiveOutcome:
    """Measure variants of what the recorded evidence says is refused, and write the tables again.

    `evidence` is a folder that keeps the answers, so that an interrupted run is continued. `jobs` operators are measured at
    a time, each by a process of its own.

    Raises:
        UsageError: an unknown target or operator, or no evidence to start from.
        BackendError: the compiler is not there.
    """
    with kept_answers(evidence) as evidence, open_backend(target, python=python) as session:
        compiler = f"{backend(target).name} {session.version}"
        claim(evidence, compiler)
        folder = tables_folder(home) / target / session.version
        by_op: dict[str, list[Evidence]] = {}
        for row in read_archive(folder):
            by_op.setdefault(row.op, []).append(row)
        names = [name for name in chosen(ops) if name in by_op]
        if not names:
            hint = f"measure it with `graphfix probe --target {target}@{session.version}`"
            raise UsageError(f"there is no evidence of {target} {session.version} to start from", hint=hint)
        work = [(name, target, evidence / f"{name}.jsonl", by_op[name]) for name in names]
        if jobs > 1 or cluster is not None:
            with worker_pool(jobs, target, python, cluster) as pool:
                return _written(pool.map(_in_worker, work), folder, compiler, session.version, report)
        return _written((_deepened(session, *one) for one in work), folder, compiler, session.version, report)


def _deepened(session: Session, op: str, target: str, path: Path, rows: Sequence[Evidence]) -> Deepened:
    skipped = for_target(target, probes(forms()[op]).probes)
    return deepened(op, target, rows, lambda fresh: measure(fresh, session, target, path), skipped)


def _in_worker(work: tuple[str, str, Path, Sequence[Evidence]]) -> Deepened:
    """Probe one operator with the session of this worker process."""
    return _deepened(in_worker(), *work)


def _written(found: Iterable[Deepened], folder: Path, compiler: str, version: str, report: Report | None) -> ActiveOutcome:
    """Write each operator's table as it is measured, and at the end, also of an interrupted run, the evidence."""
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    done: list[Deepened] = []
    changed = []
    try:
        for one in found:
            if differs(folder, one.op, one.rows, compiler):
                changed.append(one.op)
            write_table(folder, one.op, one.rows, compiler, on, active=True)
            done.append(one)
            if report is not None and one.before:
                report(f"{one.op}: {one.asked} variants, entries below the floor {one.before} -> {one.after}")
    finally:  # an interrupted run has written tables, so their evidence must be written too
        if done:
            write_evidence(folder, [row for one in done for row in one.rows])
    counts = [(one.asked, one.before, one.after) for one in done]
    asked, before, after = (sum(each) for each in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return ActiveOutcome(version, len(done), asked, before, after, tuple(changed))
