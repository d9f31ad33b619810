"""Linting many models: one task per model, run in this process or in several, with the results in the tasks' order."""

from __future__ import annotations

import functools
import importlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.blas_threads import import_onnx
from graphfix.errors import GraphfixError
from graphfix.ir.forked_workers import ForkedWorkers, Lost, can_fork, in_order
from graphfix.ir.records import dataclass
from graphfix.ir.urls import ModelPath, ModelUrl, is_url
from graphfix.linter.diagnostics import Result
from graphfix.linter.timings import StageTimer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from graphfix.cli.guarded import Watch
    from graphfix.cli.run_settings import ModelSettings
    from graphfix.ir.clusters import Cluster
    from graphfix.lowering.bringing import LoweredSource

SECONDS, PER_MEGABYTE = 8.0, 4.0
"""The processor time that a model may take by default, and what each megabyte of its file adds."""
MOST_STRUCTURE = 100e6
"""Bytes of a file above which its size says nothing about its structure: the rest is weights, which are not read."""

REMOTE = 10e6
"""Bytes that a model at a URL is taken to have."""
BATCH = 8
"""The tasks that a worker of a cluster is sent at once, at most."""

TaskResult = tuple[list[Result], dict[str, float]]
"""A model's Results, one per target, and the seconds that each stage took."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model to lint, with the arguments of `lint_file`.

    `lowered_source` is the lowered model where `path` names a source in another framework; `failure` is the error where lowering
    it failed. `seconds` is the processor time it may take in a worker, or None for what its size suggests. `folder` is where a
    relative path starts, for a worker that has another working directory.
    """

    path: ModelPath
    targets: tuple[str, ...]
    shapes: Mapping[str, Any]
    values: Mapping[str, Any]
    statistics: bool = False
    detail: bool = False
    lowered_source: LoweredSource | None = None
    failure: str | None = None
    ranges: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    folder: str = ""

    @classmethod
    def under(cls, settings: ModelSettings, **options: Any) -> Task:
        """Return the task for a model with its settings; `options` are the other fields."""
        return cls(settings.model, settings.targets, settings.shapes, settings.values, ranges=settings.spanned, **options)

    @property
    def file(self) -> ModelPath:
        """The ONNX file or its URL, or the path of a source that no exporter could lower."""
        if self.lowered_source is not None and self.lowered_source.file is not None:
            return self.lowered_source.file
        return self.path if isinstance(self.path, ModelUrl) else Path(self.folder, self.path)

    def budget(self) -> float:
        """The seconds of processor time that the task may take."""
        if self.seconds is not None:
            return self.seconds
        file = self.file
        try:
            size = REMOTE if isinstance(file, ModelUrl) else file.stat().st_size
        except OSError:
            size = 0
        return SECONDS + PER_MEGABYTE * min(size, MOST_STRUCTURE) / 1e6

    def failed(self, error: str) -> list[Result]:
        """Return the Results of a model that could not be judged."""
        return [Result(str(self.path), t.partition("@")[0], table(t).version, error=error, called=t) for t in self.targets]


Placed = tuple[int, Task]
"""A task with its position among all."""


def run_task(task: Task) -> TaskResult:
    """Run one task; the linter and onnx are imported by the process that needs them."""
    import_onnx()
    from graphfix.linter.engine import lint_file

    clock, lowered_source = StageTimer(), task.lowered_source
    if task.failure is not None:
        return task.failed(task.failure), {}
    if lowered_source is not None and lowered_source.file is None:
        return lowered_source.with_findings([lowered_source.empty_result(target) for target in task.targets]), clock.spent
    results = lint_file(
        task.file, task.targets, shapes=task.shapes, values=task.values,
        statistics=task.statistics, detail=task.detail, clock=clock, name=str(task.path),
        ranges=task.ranges,
    )  # fmt: skip
    return results if lowered_source is None else lowered_source.with_findings(results), clock.spent


def run_tasks(
    tasks: Sequence[Task], jobs: int | None, *, watch: Watch | None = None, cluster: Cluster[Placed, TaskResult] | None = None
) -> Iterator[TaskResult]:
    """Run all tasks in at most `jobs` processes, or on a cluster; yields their results in the order of the tasks."""
    yield from in_order(run_as_done(tasks, jobs, watch=watch, cluster=cluster))


def run_as_done(
    tasks: Sequence[Task], jobs: int | None, *, watch: Watch | None = None, cluster: Cluster[Placed, TaskResult] | None = None
) -> Iterator[tuple[int, TaskResult]]:
    """Run all tasks; yields their positions and results as soon as these are known.

    With a `watch` native code that crashes or never ends on one model costs only that model its verdict: several run in
    workers, and one in this process, which another watches. Without, one job runs in this process.
    """
    if cluster is not None:
        yield from _on_cluster(tasks, cluster)
        return
    jobs = min(jobs or 1, len(tasks))
    if watch is None:
        yield from enumerate(_unguarded(tasks, jobs))
        return
    for position, found in _guarded(tasks, jobs, watch):
        yield position, _told(tasks[position], found)


def _told(task: Task, found: TaskResult | Lost) -> TaskResult:
    """Return what a task gave, or the error of one that gave nothing."""
    if not isinstance(found, Lost):
        return found
    slow = "allow it more with --timeout SECONDS"
    hint = "report it, with the model if you may share it" if found.crashed else "" if found.gone else slow
    return task.failed(GraphfixError(found.reason, path=task.path, hint=hint).line()), {}


def _on_cluster(tasks: Sequence[Task], cluster: Cluster[Placed, TaskResult]) -> Iterator[tuple[int, TaskResult]]:
    """Run tasks in batches, small enough that all workers have some and that an interrupted run loses little."""
    size = max(1, min(BATCH, len(tasks) // (4 * cluster.workers)))
    folder = os.getcwd()
    placed = [(position, replace(task, folder=folder)) for position, task in enumerate(tasks)]
    batches = (placed[first : first + size] for first in range(0, len(placed), size))
    for (position, task), found in cluster.run(run_batch, batches):
        yield position, _told(task, found)


def run_batch(batch: Sequence[Placed]) -> list[TaskResult]:
    """Run tasks in a worker of a cluster: each in a process beside it, which a crash ends, and which is kept for the next."""
    from graphfix.ir.spawned_workers import spawned

    if not can_fork():
        return [run_task(task) for _, task in batch]
    if not hasattr(_beside, "workers"):
        _beside.workers = ForkedWorkers(run_task, Task.budget, start=spawned)
    return [_told(task, _beside.workers.ask(task)) for _, task in batch]


_beside = threading.local()
"""The process beside each thread of a cluster's worker."""


def _guarded(tasks: Sequence[Task], jobs: int, watch: Watch) -> Iterator[tuple[int, TaskResult | Lost]]:
    if any(is_url(task.path) for task in tasks):  # file systems of fsspec have started threads, and a fork would lack them
        from graphfix.ir.spawned_workers import spawned

        yield from ForkedWorkers(run_task, Task.budget, jobs, spawned).as_done(tasks)
    elif len(tasks) == 1 and tasks[0].lowered_source is None:  # lowering it again, after a crash, would take long
        yield 0, watch.run(functools.partial(run_task, tasks[0]), tasks[0].budget())
    else:
        import_onnx()
        importlib.import_module("graphfix.linter.engine")
        yield from ForkedWorkers(run_task, Task.budget, jobs).as_done(tasks)


def _unguarded(tasks: Sequence[Task], jobs: int) -> Iterator[TaskResult]:
    if jobs <= 1:
        yield from map(run_task, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from graphfix.ir.parent_watch import end_with

    # A forked process has the tables and modules in memory; without fork, a new process loads them again.
    context = multiprocessing.get_context("fork" if can_fork() else None)
    with ProcessPoolExecutor(jobs, context, end_with, (os.getpid(),)) as pool:
        yield from pool.map(run_task, tasks, chunksize=max(1, len(tasks) // (jobs * 8)))
