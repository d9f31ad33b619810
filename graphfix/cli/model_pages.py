"""`--html` of lint and fix: the page with the model's graph and findings, written atomically."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.options import destination
from graphfix.report.model_page import model_page

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.cli.lint_jobs import Task
    from graphfix.linter.diagnostics import Result
    from graphfix.linter.policy import Policy


def write_lint_page(path: Path, results: Sequence[Result], task: Task) -> None:
    """Write the page of one linted model; a source that no exporter could lower has findings and no graph."""
    from graphfix.ir.reading import bound
    from graphfix.ir.skeleton import read_skeleton

    lowered = task.lowered_source is None or task.lowered_source.file is not None
    model = bound(read_skeleton(task.file), task.shapes, task.values) if lowered else None
    _write(path, model_page(str(task.path), [("", model, results)]))


def write_fix_page(path: Path, before: ModelProto, after: ModelProto, results: Sequence[Result], policy: Policy) -> None:
    """Write the page of one model before and after `fix`; `results` are those of the fixed model, with the changes."""
    from graphfix.linter.engine import judge

    targets = [result.called or result.target for result in results]
    first = judge(before, targets, name=results[0].model, detail=True)
    for result in first:
        policy.apply(result)
    for result, judged in zip(results, judge(after, targets, name=results[0].model, detail=True), strict=True):
        result.rulings = judged.rulings
    fixed: dict[str, Any] = {
        "changes": list(results[0].changes or ()), "verification": results[0].verification, "output": results[0].output,
    }  # fmt: skip
    _write(path, model_page(results[0].model, [("Before", before, first), ("After", after, results)], fixed))


def _write(path: Path, page: str) -> None:
    with destination(path) as out:
        out.write(page)
    print(f"graphfix: wrote {path}", file=sys.stderr)
