"""Measuring operators in parallel: one process per job, each with its own session with the compiler."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import BackendError
from graphfix.ir.forked_workers import Lost, in_order
from graphfix.ir.parent_watch import end_with
from graphfix.probe.build import probes
from graphfix.probe.choice import distinct, for_target
from graphfix.probe.forms import forms
from graphfix.probe.limits import find_limits
from graphfix.probe.measure import Evidence, measure
from graphfix.probe.recipe import variants_of
from graphfix.probe.refusal import Fault

if TYPE_CHECKING:
    from graphfix.ir.clusters import Cluster


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


_held = threading.local()
"""The session of this thread of a worker process, as `session`, and what it was opened for, as `key`."""


def _open_session(target: str, python: str | None) -> None:
    """Open a session for this thread, which stays open for the tasks that follow."""
    if getattr(_held, "key", None) == (target, python):
        return
    session = open_backend(target, python=python).__enter__()
    Finalize(None, session.close, exitpriority=1)
    _held.session, _held.key = session, (target, python)


def _start(parent: int, target: str, python: str | None) -> None:
    """Begin a process of a pool, which ends when its parent does."""
    end_with(parent)
    _open_session(target, python)


def in_worker() -> Session:
    """Return the session of this worker process."""
    session: Session = _held.session
    return session


@dataclass(frozen=True, slots=True)
class ClusterPool:
    """A cluster as `worker_pool` yields it: its workers open a session with the first task that they are given."""

    cluster: Cluster[Placed, Any]
    target: str
    python: str | None

    def map(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """Yield what `work` returns for each item, in order; BackendError for one that ended its worker twice."""
        batches = [[(position, self.target, self.python, work, item)] for position, item in enumerate(items)]
        found = ((placed[0], one) for placed, one in self.cluster.run(_with_session, batches))
        for one in in_order(found):
            if isinstance(one, Lost):
                raise BackendError(one.reason, hint="what was measured so far is in the folder of --evidence")
            yield one


Placed = tuple[int, str, "str | None", Callable[[Any], Any], Any]
"""A position, a compiler, a function and what to call it on."""


def _with_session(batch: Sequence[Placed]) -> list[Any]:
    """Work in a cluster's worker."""
    out = []
    for _, target, python, work, item in batch:
        _open_session(target, python)
        out.append(work(item))
    return out


@contextlib.contextmanager
def worker_pool(
    jobs: int, target: str, python: str | None, cluster: str | None = None
) -> Iterator[ProcessPoolExecutor | ClusterPool]:
    """Processes with a session each, for functions that get theirs from `in_worker`: of this machine, or on a cluster.

    On a cluster `jobs` limits the tasks at a time, 0 does not.
    """
    if cluster is not None:
        from graphfix.ir.clusters import open_cluster

        with open_cluster(cluster, jobs or None) as opened:
            yield ClusterPool(opened, target, python)
        return
    context = multiprocessing.get_context("spawn")  # a forked process would share the resources of onnxruntime
    pool = ProcessPoolExecutor(jobs, context, _start, (os.getpid(), target, python))
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
    cluster: str | None = None,
) -> Iterator[Measured]:
    """Yield the evidence about each operator, in their order, measured by `jobs` processes, or on a cluster.

    The variants in `recorded` evidence, which is by operator, are measured too.
    """
    with worker_pool(jobs, target, python, cluster) as pool:
        yield from pool.map(_measure, [(op, target, evidence, (recorded or {}).get(op, ())) for op in ops])
