"""Linting many models: one task per model, run in this process or in several, with the results in the tasks' order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.linter.diagnostics import Result
from graphfix.linter.engine import lint_file
from graphfix.linter.timings import StageTimer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource

TaskResult = tuple[list[Result], dict[str, float]]
"""A model's Results, one per target, and the seconds that each stage took."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model to lint, with the arguments of `lint_file`.

    `lowered_source` is the lowered model where `path` names a source in another framework; `failure` is the error where lowering
    it failed.
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

    @property
    def file(self) -> Path:
        """The ONNX file, or the path of a source that no exporter could lower."""
        return self.path if self.lowered_source is None or self.lowered_source.file is None else self.lowered_source.file


def run_task(task: Task) -> TaskResult:
    """Run one task."""
    clock, lowered_source = StageTimer(), task.lowered_source
    if task.failure is not None:
        return [
            Result(str(task.path), t.partition("@")[0], table(t).version, error=task.failure, called=t) for t in task.targets
        ], {}
    if lowered_source is not None and lowered_source.file is None:
        return lowered_source.with_findings([lowered_source.empty_result(target) for target in task.targets]), clock.spent
    results = lint_file(
        task.file, task.targets, shapes=task.shapes, values=task.values,
        statistics=task.statistics, detail=task.detail, clock=clock, name=str(task.path),
        ranges=task.ranges,
    )  # fmt: skip
    return results if lowered_source is None else lowered_source.with_findings(results), clock.spent


def run_tasks(tasks: Sequence[Task], jobs: int) -> Iterator[TaskResult]:
    """Run all tasks in at most `jobs` processes; yields their results in the order of the tasks."""
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        yield from map(run_task, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A forked process has the tables and modules in memory; without fork, a new process loads them again.
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(run_task, tasks, chunksize=max(1, len(tasks) // (jobs * 8)))
