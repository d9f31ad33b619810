"""The compilers' own verdicts as findings that `fix` goes on working at: whom each blames in the model as it stands."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from onnx import ModelProto

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.errors import BackendError
from graphfix.shelf import whole
from graphfix.witnessed import Ask


@contextlib.contextmanager
def consulting(
    targets: Sequence[str], note: Callable[[str], None], shapes: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[tuple[Ask, Callable[[Sequence[Result], ModelProto], None]]]:
    """Two functions about a model in memory: the findings of the installed compilers, and their word put into Results.

    `note` is told of a compiler that is not installed. BackendError when none of them is.
    """
    from graphfix.backends.base import backend
    from graphfix.backends.connect import open_target
    from graphfix.compile_case import Case
    from graphfix.confirm import confirm, prepared
    from graphfix.model import save_model

    with contextlib.ExitStack() as stack:
        sessions = {}
        for target in targets:
            try:
                sessions[target] = stack.enter_context(open_target(target))
            except BackendError as error:
                note(f"{target} is not asked: {error.line()}")
        if not sessions:
            raise BackendError("no compiler is here to confirm with", cure=f"graphfix backends install {targets[0]}")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))

        def tell(results: Sequence[Result], model: ModelProto) -> None:
            path = folder / "model.onnx"
            held = ModelProto()
            held.CopyFrom(model)
            save_model(whole(held), path, force=True)
            del held
            free = {name: dims for name, dims in shapes.items() if name in {info.name for info in model.graph.input}}
            with prepared(Case(path, free, {})) as ready:
                for target, result in zip(targets, results, strict=True):
                    if target in sessions:
                        confirm(result, ready, sessions[target], backend(result.target))

        def ask(model: ModelProto) -> list[Finding]:
            results = [Result("", target.partition("@")[0], target.partition("@")[2]) for target in targets]
            tell(results, model)
            rejected = {r.target for r in results if r.compiler is not None and not r.compiler["accepted"]}
            return [
                f for r in results if r.target in rejected for f in r.findings
                if f.severity is Severity.ERROR and f.kind == "rejection"
            ]  # fmt: skip

        yield ask, tell
