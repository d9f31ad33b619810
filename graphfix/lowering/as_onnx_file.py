"""The ONNX file of a model that the Python functions are given by path, lowered where it is a source of a framework."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.errors import GraphfixError
from graphfix.ir.urls import ModelPath, ModelUrl, is_url
from graphfix.linter.engine import lint_file
from graphfix.tables.versions import starts_from_torch

if TYPE_CHECKING:
    from graphfix.linter.diagnostics import Result
    from graphfix.lowering.bringing import LoweredSource


@contextlib.contextmanager
def as_onnx_file(
    model: str | Path, targets: Sequence[str], shapes: Mapping[str, Any] | None, values: Mapping[str, Any] | None
) -> Iterator[tuple[ModelPath | None, LoweredSource | None]]:
    """Yield the file of a model, lowered where it is a source; None where no exporter made anything of it.

    For a target that starts from torch, which is alone then, it is the graph of the source's program.
    """
    from graphfix.lowering.source import recognise_source

    source = recognise_source(model)
    if source is None:
        yield ModelUrl(model) if is_url(model) else Path(model), None
        return
    from graphfix.lowering.bringing import lower_temporarily
    from graphfix.lowering.instructions import Instructions

    wanted = Instructions(shapes=dict(shapes or {}))
    if targets and starts_from_torch(targets[0]):
        from graphfix.lowering.programs import program_temporarily

        with program_temporarily(source, wanted, targets[0]) as program:
            yield program.file, program
        return
    with lower_temporarily(source, wanted, targets=targets, values=values) as found:
        yield found.file, found


def lint_path(
    model: str | Path,
    targets: Sequence[str],
    sizes: Mapping[str, Any],
    values: Mapping[str, Any] | None,
    ranges: Mapping[str, Any],
) -> list[Result]:
    """Lint a model by path for targets that start from the same form of it; GraphfixError where it cannot be read."""
    with as_onnx_file(model, targets, sizes, values) as (path, lowered_source):
        if path is None:
            assert lowered_source is not None
            return lowered_source.with_findings([lowered_source.empty_result(target) for target in targets])
        results = lint_file(path, targets, shapes=sizes, values=values, name=str(model), ranges=ranges)
        for result in results:
            if result.error is not None:
                raise GraphfixError(result.error)
        return results if lowered_source is None else lowered_source.with_findings(results)
