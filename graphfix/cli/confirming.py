"""Confirmation of lint Results with the real compilers, for `graphfix lint --confirm`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.cli.run_settings import ModelSettings
from graphfix.errors import BackendError, UsageError
from graphfix.ir.reading import Values
from graphfix.linter.diagnostics import Result
from graphfix.tables.versions import starts_from_torch

if TYPE_CHECKING:
    from graphfix.backends.session import Session
    from graphfix.cli.lint_jobs import Task
    from graphfix.ir.dim_ranges import Spanned

Confirm = Callable[[Sequence[Result], Path], None]


def open_confirmation(stack: contextlib.ExitStack, settings: Sequence[ModelSettings], tasks: Sequence[Task]) -> Confirm:
    """Open a session with each installed compiler; returns a function that adds their verdicts to a model's Results.

    A note on stderr names each compiler that is not installed.
    """
    from graphfix.backends.base import backend
    from graphfix.backends.compile.case import Case
    from graphfix.backends.compile.confirm import confirm, prepare
    from graphfix.backends.connect import open_target

    if any(starts_from_torch(one.targets[0]) for one in settings):
        hint = "write its file with `graphfix compile`, which also runs it"
        raise UsageError("--confirm runs compilers of ONNX, and ExecuTorch starts from torch", hint=hint)
    sessions: dict[str, Session] = {}
    for target in dict.fromkeys(target for one in settings for target in one.targets):
        try:
            sessions[target] = stack.enter_context(open_target(target))
        except BackendError as error:
            print(f"graphfix: {target} is not run: {error.line()}", file=sys.stderr)
    bindings: dict[Path, tuple[Mapping[str, Spanned], Values]]
    bindings = {Path(task.file): (one.spanned, one.values) for task, one in zip(tasks, settings, strict=True)}

    def add_verdicts(results: Sequence[Result], path: Path) -> None:
        if not sessions or any(result.error is not None for result in results):
            return
        with prepare(Case(path, *bindings[path])) as prepared:
            for result in results:
                if result.called in sessions:
                    confirm(result, prepared, sessions[result.called], backend(result.target))

    return add_verdicts
