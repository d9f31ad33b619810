"""Opened TensorFlow models and the signatures of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from graphfix.lowering import tensorflow_converting as converting
from graphfix.lowering.factory import RequestError


@dataclass(slots=True)
class OpenedModel:
    """An opened model: the names, dims (None where dynamic) and dtypes of its inputs, and functions to run and convert it.

    `run` takes arrays in the order of `names` and returns the outputs in order; `convert` returns a ModelProto of an opset.
    `trace` returns the concrete function that other converters take, and is None where there is none.
    """

    names: list[str]
    dims: list[list[int | None]]
    dtypes: list[str]
    run: Callable[[Sequence[Any]], list[Any]]
    convert: Callable[[int], Any]
    outputs: list[str] | None = None
    examples: Any = None
    trace: Callable[[], Any] | None = None


def open_function(
    call: Any, names: list[str], specs: Sequence[Any], request: Mapping[str, Any], outputs: list[str] | None = None
) -> OpenedModel:
    """Open a function of tensors; its dynamic dims are narrowed to the sizes of `--shape`."""
    specs = [
        narrow_spec(spec, name, stated_dims(request["shapes"], name, names)) for spec, name in zip(specs, names, strict=True)
    ]

    def run(arrays: Sequence[Any]) -> list[Any]:
        return [tensor.numpy() for tensor in tf.nest.flatten(call(*map(tf.constant, arrays)))]

    def convert(opset: int) -> Any:
        return converting.convert_function(call, specs, opset)

    return OpenedModel(
        names, [dims_of(spec.shape) for spec in specs], [spec.dtype.name for spec in specs], run, convert, outputs,
        trace=lambda: call.get_concrete_function(*specs),
    )  # fmt: skip


def stated_dims(shapes: Mapping[str, Sequence[Any]], name: str, names: Sequence[str]) -> Sequence[Any] | None:
    """Return the dims that `--shape` gives an input; a shape without a name applies to an only input."""
    return shapes.get(name, shapes.get("") if len(names) == 1 else None)


def narrow_spec(spec: Any, name: str, sizes: Sequence[Any] | None) -> Any:
    """Return a signature with dynamic dims set to the sizes given; RequestError where they contradict it."""
    if sizes is None:
        return spec
    own = [None] * len(sizes) if spec.shape.rank is None else list(spec.shape)
    fits = len(own) == len(sizes)
    if not fits or any(isinstance(size, int) and known not in (None, size) for known, size in zip(own, sizes, strict=True)):
        raise RequestError(f"`{name}` is {shown(own)}, not {shown(sizes)}", "give sizes for its dynamic dims only")
    fixed = [size if isinstance(size, int) else known for known, size in zip(own, sizes, strict=True)]
    return tf.TensorSpec(fixed, spec.dtype, name=name)


def shown(sizes: Sequence[Any]) -> str:
    """Return dims as text, `?` where dynamic."""
    return "x".join("?" if size is None else str(size) for size in sizes) or "a scalar"


def dims_of(shape: Any) -> list[int | None]:
    """Return a TensorShape's sizes, None where dynamic; RequestError where the rank is unknown."""
    if shape.rank is None:
        raise RequestError("an input of unknown rank", "describe its inputs: --input 1x224x224x3")
    return [None if size is None else int(size) for size in shape]
