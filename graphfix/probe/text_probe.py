"""Models of text probes: names that ONNX's text format cannot express, large initializers, and random inputs."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, TypeProto, helper, numpy_helper

from graphfix.analysis.facets.model import telling
from graphfix.ir.dtypes import CODES


def renamed(model: ModelProto, names: dict[str, str]) -> ModelProto:
    """Rename inputs, outputs and symbolic dims to names that the text format cannot express; returns the model."""
    for info in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        info.name = names.get(info.name, info.name)
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param in names:
                fresh = names[dim.dim_param]
                dim.ClearField("dim_param")
                if fresh == "-1":
                    dim.dim_value = -1
                elif fresh:
                    dim.dim_param = fresh
    for node in model.graph.node:
        for values in (node.input, node.output):
            for at, name in enumerate(values):
                values[at] = names.get(name, name)
    return model


def add_weights(model: ModelProto, weights: Iterable[tuple[str, str, Sequence[int], float, float]]) -> None:
    """Add initializers of seeded random numbers between bounds."""
    for name, dtype, shape, low, high in weights:
        generator = np.random.default_rng(zlib.crc32(name.encode()))
        kind = helper.tensor_dtype_to_np_dtype(CODES[dtype])
        whole = kind.kind in "iub"
        numbers = generator.integers(int(low), int(high) + 1, shape) if whole else generator.uniform(low, high, shape)
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(numbers).astype(kind), name))


def random_inputs(model: ModelProto) -> dict[str, Any]:
    """Return seeded random inputs; symbolic dims are 2 (`one` is 1), and sequences have two tensors.

    Dims with a placeholder name such as `?` are not the same symbol: each has a size of its own.
    """
    known = {tensor.name for tensor in model.graph.initializer}
    return {info.name: _random_input(info.name, info.type) for info in model.graph.input if info.name not in known}


def _size(symbol: str, position: int) -> int:
    if symbol == "one":
        return 1
    return 2 if telling(symbol) or not symbol else position + 2


def _random_input(name: str, kind: TypeProto) -> Any:
    if kind.HasField("optional_type"):
        return _random_input(name, kind.optional_type.elem_type)
    if kind.HasField("sequence_type"):
        return [_random_input(f"{name}{at}", kind.sequence_type.elem_type) for at in range(2)]
    if kind.HasField("map_type"):
        return {1: 1.0} if kind.map_type.key_type == TensorProto.INT64 else {"a": 1.0}
    stated = [(d.dim_value if d.HasField("dim_value") else -1, d.dim_param) for d in kind.tensor_type.shape.dim]
    dims = tuple(size if size >= 0 else _size(symbol, at) for at, (size, symbol) in enumerate(stated))
    dtype = helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
    if dtype.kind == "O":
        return np.full(dims, "a", dtype)
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    numbers = generator.uniform(-1, 1, dims) if dtype.kind == "f" else generator.integers(1, 3, dims)
    return np.asarray(numbers).astype(dtype)
