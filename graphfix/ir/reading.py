"""Read a whole model from a file, and fix and bind its inputs as requested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Shapes = Mapping[str, Sequence[int | str]]
Values = Mapping[str, object]


def read_whole(path: str | Path) -> onnx.ModelProto:
    """Read the whole model in a file, weights included; ModelError where it violates one of ONNX's constraints."""
    from graphfix.ir.io import load_model
    from graphfix.ir.verifier import check

    model = load_model(path)
    check(model, path)
    return model


def bound(model: onnx.ModelProto, shapes: Shapes | None, values: Values | None) -> onnx.ModelProto:
    """Return the model with these dims fixed and these inputs bound; the argument is not changed."""
    if not shapes and not values:
        return model
    from graphfix.ir.bind_inputs import bind

    return bind(model, named(model, shapes), dict(values or {}))


def named(model: onnx.ModelProto, shapes: Shapes | None) -> dict[str, Sequence[int | str | None]]:
    """Return dims by input name; a shape with an empty name is that of the model's only input."""
    from graphfix.ir.bind_inputs import named_shapes

    return named_shapes(model, [(name or None, dims) for name, dims in (shapes or {}).items()])
