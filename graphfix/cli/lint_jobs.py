"""Linting many models: one task per model, run in this process or in several, with the results in the tasks' order."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.blas_threads import import_onnx
from graphfix.errors import GraphfixError
from graphfix.ir.forked_workers import ForkedWorkers, Lost, can_fork
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Result
from graphfix.linter.timings import StageTimer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from graphfix.cli.guarded import Watch
    from graphfix.lowering.bringing import LoweredSource

SECONDS, PER_MEGABYTE = 8.0, 4.0
"""The processor time that a model may take by default, and what each megabyte of its file adds."""
MOST_STRUCTURE = 100e6
"""Bytes of a file above which its size says nothing about its structure: the rest is weights, which are not read."""

TaskResult = tuple[list[Result], dict[str, float]]
"""A model's Results, one per target, and the seconds that each stage took."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model to lint, with the arguments of `lint_file`.

    `lowered_source` is the lowered model where `path` names a source in another framework; `failure` is the error where lowering
    it failed. `seconds` is the processor time it may take in a worker, or None for what its size suggests.
    """

    path: Path
    targets: tuple[str, ...]
    shapes: Mapping[str, Any]
    values: Mapping[str, Any]
    statistics: bool = False
    detail: bool = False
    lowered_source: LoweredSource | None = None
    failure: str | None = None
    ranges: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def file(self) -> Path:
        """The ONNX file, or the path of a source that no exporter could lower."""
        return self.path if self.lowered_source is None or self.lowered_source.file is None else self.lowered_source.file

    def budget(self) -> float:
        """The seconds of processor time that the task may take."""
        if self.seconds is not None:
            return self.seconds
        try:
            size = self.file.stat().st_size
        except OSError:
            size = 0
        return SECONDS + PER_MEGABYTE * min(size, MOST_STRUCTURE) / 1e6

    def failed(self, error: str) -> list[Result]:
        """Return the Results of a model that could not be judged."""
        return [Result(str(self.path), t.partition("@")[0], table(t).version, error=error, called=t) for t in self.targets]


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


def run_tasks(tasks: Sequence[Task], jobs: int, *, watch: Watch | None = None) -> Iterator[TaskResult]:
    """Run all tasks in at most `jobs` processes; yields their results in the order of the tasks.

    With a `watch` native code that crashes or never ends on one model costs only that model its verdict: several run in
    workers, and one in this process, which another watches. Without, one job runs in this process.
    """
    jobs = min(jobs, len(tasks))
    if watch is None:
        yield from _unguarded(tasks, jobs)
        return
    for task, found in zip(tasks, _guarded(tasks, jobs, watch), strict=True):
        if not isinstance(found, Lost):
            yield found
            continue
        hint = "report it, with the model if you may share it" if found.crashed else "allow it more with --timeout SECONDS"
        yield task.failed(GraphfixError(found.reason, path=task.path, hint=hint).line()), {}


def _guarded(tasks: Sequence[Task], jobs: int, watch: Watch) -> Iterator[TaskResult | Lost]:
    if len(tasks) == 1 and tasks[0].lowered_source is None:  # lowering it again, after a crash, would take long
        yield watch.run(functools.partial(run_task, tasks[0]), tasks[0].budget())
        return
    import_onnx()
    importlib.import_module("graphfix.linter.engine")
    yield from ForkedWorkers(run_task, Task.budget, jobs).run(tasks)


def _unguarded(tasks: Sequence[Task], jobs: int) -> Iterator[TaskResult]:
    if jobs <= 1:
        yield from map(run_task, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A forked process has the tables and modules in memory; without fork, a new process loads them again.
    context = multiprocessing.get_context("fork" if can_fork() else None)
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(run_task, tasks, chunksize=max(1, len(tasks) // (jobs * 8)))
