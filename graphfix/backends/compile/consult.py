"""The installed compilers' verdicts as findings on a model in memory, which `fix` uses beside those of the tables."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx import ModelProto

from graphfix.errors import BackendError
from graphfix.ir.weight_offload import with_weights
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.compiler_rejections import Ask


@contextlib.contextmanager
def consult_compilers(
    targets: Sequence[str], warn: Callable[[str], None], shapes: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[Ask, Callable[[Sequence[Result], ModelProto], None]]]:
    """Yield two functions: one returns the compilers' findings on a model, one adds their verdicts to its Results.

    `warn` is called with a line for each compiler that is not installed. Raises BackendError when none of them is.
    """
    from graphfix.backends.base import backend
    from graphfix.backends.compile.case import Case
    from graphfix.backends.compile.confirm import confirm, prepare
    from graphfix.backends.connect import open_target
    from graphfix.ir.io import save_model

    with contextlib.ExitStack() as stack:
        sessions = {}
        for target in targets:
            try:
                sessions[target] = stack.enter_context(open_target(target))
            except BackendError as error:
                warn(f"{target} is not run: {error.line()}")
        if not sessions:
            raise BackendError("no compiler is installed to confirm with", hint=f"graphfix backends install {targets[0]}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))

        def confirm_results(results: Sequence[Result], model: ModelProto) -> None:
            path = folder / "model.onnx"
            copy = ModelProto()
            copy.CopyFrom(model)
            save_model(with_weights(copy), path, force=True)
            del copy
            bound_shapes = {name: dims for name, dims in shapes.items() if name in {info.name for info in model.graph.input}}
            with prepare(Case(path, bound_shapes, {})) as prepared:
                for target, result in zip(targets, results, strict=True):
                    if target in sessions:
                        confirm(result, prepared, sessions[target], backend(result.target))

        def ask(model: ModelProto) -> list[Finding]:
            results = [Result("", target.partition("@")[0], target.partition("@")[2]) for target in targets]
            confirm_results(results, model)
            rejected = {r.target for r in results if r.compiler is not None and not r.compiler["accepted"]}
            return [
                f for r in results if r.target in rejected for f in r.findings
                if f.severity is Severity.ERROR and f.kind == "rejection"
            ]  # fmt: skip

        yield ask, confirm_results
