"""Operators measured side by side: one process for each job, with a session of its own with the compiler."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.probe.build import probes
from graphfix.probe.choice import distinct, seen_by
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence, measure
from graphfix.probe.refusal import Fault


@dataclass(frozen=True, slots=True)
class Measured:
    """The evidence about one operator, how many of its probes were no valid models, and those that could not be built."""

    op: str
    rows: list[Evidence]
    dropped: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Where operators are measured: a session with a compiler, and the folder that keeps its answers."""

    session: Session
    target: str
    evidence: Path

    def measured(self, op: str) -> Measured:
        """Ask about every probe of an operator that is not answered yet."""
        built = probes(forms()[op])
        rows = measure(distinct(seen_by(self.target, built.probes)), self.session, self.target, self.evidence / f"{op}.jsonl")
        return Measured(op, rows, built.dropped, tuple(built.faults))


_desks: list[Desk] = []
"""The desk of this process."""


def _open(target: str, python: str | None, evidence: Path) -> None:
    session = open_backend(target, python=python).__enter__()
    Finalize(None, session.close, exitpriority=1)
    _desks.append(Desk(session, target, evidence))


def _measured(op: str) -> Measured:
    return _desks[0].measured(op)


def side_by_side(ops: Sequence[str], target: str, python: str | None, evidence: Path, jobs: int) -> Iterator[Measured]:
    """The evidence about each operator, in their order, from `jobs` processes at a time."""
    context = multiprocessing.get_context("spawn")  # a fork would share what onnxruntime has opened
    pool = ProcessPoolExecutor(jobs, context, _open, (target, python, evidence))
    try:
        yield from pool.map(_measured, ops)
    finally:
        pool.shutdown(cancel_futures=True)
