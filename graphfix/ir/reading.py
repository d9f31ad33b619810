"""A whole model read from a file, and its inputs frozen and bound as the caller asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Shapes = Mapping[str, Sequence[int | str]]
Values = Mapping[str, object]


def read_whole(path: str | Path) -> onnx.ModelProto:
    """The whole model in a file, weights included, held to ONNX's laws; ModelError otherwise."""
    from graphfix.ir.io import load_model
    from graphfix.ir.verifier import check

    model = load_model(path)
    check(model, path)
    return model


def bound(model: onnx.ModelProto, shapes: Shapes | None, values: Values | None) -> onnx.ModelProto:
    """The model with inputs frozen and bound as asked; the argument is not changed."""
    if not shapes and not values:
        return model
    from graphfix.ir.bind_inputs import bind

    return bind(model, named(model, shapes), dict(values or {}))


def named(model: onnx.ModelProto, shapes: Shapes | None) -> dict[str, Sequence[int | str | None]]:
    """Dims by input name, a shape under the empty name going to the model's only input."""
    from graphfix.ir.bind_inputs import named_shapes

    return named_shapes(model, [(name or None, dims) for name, dims in (shapes or {}).items()])
