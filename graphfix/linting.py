"""Linting many models: one task a model, done here or in several processes, the results in the order of the tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.clock import Clock
from graphfix.diagnostic import Result
from graphfix.engine import lint_file
from graphfix.table import table

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource

Done = tuple[list[Result], dict[str, float]]
"""A model's Results, one a target, and the seconds that each stage took."""


@dataclass(frozen=True, slots=True)
class Task:
    """One model with what it is judged by: targets, shapes and values as `lint_file` takes them, and how much is told.

    `lowered_source` is the model in ONNX where `path` names it in another form; `lost` says why there is none.
    """

    path: Path
    targets: tuple[str, ...]
    shapes: Mapping[str, Any]
    values: Mapping[str, Any]
    statistics: bool = False
    detail: bool = False
    lowered_source: LoweredSource | None = None
    lost: str | None = None

    @property
    def file(self) -> Path:
        """The ONNX file; the name of a source that no exporter made anything of."""
        return self.path if self.lowered_source is None or self.lowered_source.file is None else self.lowered_source.file


def work(task: Task) -> Done:
    """Do one task."""
    clock, lowered_source = Clock(), task.lowered_source
    if task.lost is not None:
        return [
            Result(str(task.path), t.partition("@")[0], table(t).version, error=task.lost, called=t) for t in task.targets
        ], {}
    if lowered_source is not None and lowered_source.file is None:
        return lowered_source.with_findings([lowered_source.empty_result(target) for target in task.targets]), clock.spent
    results = lint_file(
        task.file, task.targets, shapes=task.shapes, values=task.values,
        statistics=task.statistics, detail=task.detail, clock=clock, name=str(task.path),
    )  # fmt: skip
    return results if lowered_source is None else lowered_source.with_findings(results), clock.spent


def carried_out(tasks: Sequence[Task], jobs: int) -> Iterator[Done]:
    """Do all tasks, in at most `jobs` processes, and give what came of each in their order."""
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        yield from map(work, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A forked process has tables and modules already; where there is no fork, a fresh one reads them again.
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(work, tasks, chunksize=max(1, len(tasks) // (jobs * 8)))
