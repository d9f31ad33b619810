"""Measuring operators in parallel: one process per job, each with its own session with the compiler."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.probe.build import probes
from graphfix.probe.choice import distinct, for_target
from graphfix.probe.forms import forms
from graphfix.probe.limits import find_limits
from graphfix.probe.measure import Evidence, measure
from graphfix.probe.recipe import variants_of
from graphfix.probe.refusal import Fault


@dataclass(frozen=True, slots=True)
class Measured:
    """The evidence about one operator, the number of its deviations that gave no valid model, and the builder's faults."""

    op: str
    rows: list[Evidence]
    dropped: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class OperatorMeasurer:
    """Measures operators with a session with a compiler, and keeps the answers in a folder."""

    session: Session
    target: str
    evidence: Path

    def measured(self, op: str, recorded: Sequence[Evidence] = ()) -> Measured:
        """Ask about every probe of an operator that has no answer in the folder yet, and the variants in recorded evidence."""
        built = probes(forms()[op])
        path = self.evidence / f"{op}.jsonl"
        asked = distinct(for_target(self.target, [*built.probes, *variants_of(recorded)]))
        rows = measure(asked, self.session, self.target, path)
        rows += find_limits(forms()[op], self.session, self.target, path)
        return Measured(op, rows, built.dropped, tuple(built.faults))


_sessions: list[Session] = []
"""The session of this worker process, in a list that is empty until the process is set up."""


def _open_session(target: str, python: str | None) -> None:
    session = open_backend(target, python=python).__enter__()
    Finalize(None, session.close, exitpriority=1)
    _sessions.append(session)


def in_worker() -> Session:
    """Return the session of this worker process."""
    return _sessions[0]


@contextlib.contextmanager
def worker_pool(jobs: int, target: str, python: str | None) -> Iterator[ProcessPoolExecutor]:
    """Processes with a session each, for functions that get theirs from `in_worker`."""
    context = multiprocessing.get_context("spawn")  # a forked process would share the resources of onnxruntime
    pool = ProcessPoolExecutor(jobs, context, _open_session, (target, python))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _measure(work: tuple[str, str, Path, Sequence[Evidence]]) -> Measured:
    op, target, evidence, recorded = work
    return OperatorMeasurer(in_worker(), target, evidence).measured(op, recorded)


def measure_in_parallel(
    ops: Sequence[str],
    target: str,
    python: str | None,
    evidence: Path,
    jobs: int,
    recorded: Mapping[str, Sequence[Evidence]] | None = None,
) -> Iterator[Measured]:
    """Yield the evidence about each operator, in their order, measured by `jobs` processes.

    The variants in `recorded` evidence, which is by operator, are measured too.
    """
    with worker_pool(jobs, target, python) as pool:
        yield from pool.map(_measure, [(op, target, evidence, (recorded or {}).get(op, ())) for op in ops])
