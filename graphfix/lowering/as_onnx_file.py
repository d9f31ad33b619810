"""The ONNX file of a model that the Python functions are given by path, lowered where it is a source of a framework."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.ir.urls import ModelPath, ModelUrl, is_url

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource


@contextlib.contextmanager
def as_onnx_file(
    model: str | Path, targets: Sequence[str], shapes: Mapping[str, Any] | None, values: Mapping[str, Any] | None
) -> Iterator[tuple[ModelPath | None, LoweredSource | None]]:
    """Yield the file of a model, lowered where it is a source; None where no exporter made anything of it."""
    from graphfix.lowering.source import recognise_source

    source = recognise_source(model)
    if source is None:
        yield ModelUrl(model) if is_url(model) else Path(model), None
        return
    from graphfix.lowering.bringing import lower_temporarily
    from graphfix.lowering.instructions import Instructions

    with lower_temporarily(source, Instructions(shapes=dict(shapes or {})), targets=targets, values=values) as found:
        yield found.file, found
