"""What a sketch needs beside its text: names that the text cannot write, and inputs to feed."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, TypeProto, helper

from graphfix.model_facets import telling


def renamed(model: ModelProto, names: dict[str, str]) -> ModelProto:
    """The model with inputs, outputs and open dims called otherwise, in ways that the text format cannot write."""
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


def random_feeds(model: ModelProto) -> dict[str, Any]:
    """Seeded inputs for a model whose inputs have sizes: symbols are taken for 2 (`one` for 1), and sequences hold two tensors.

    A name that says nothing, such as `?`, is no symbol: every dim that bears it has a size of its own.
    """
    known = {tensor.name for tensor in model.graph.initializer}
    return {info.name: _fed(info.name, info.type) for info in model.graph.input if info.name not in known}


def _size(symbol: str, position: int) -> int:
    if symbol == "one":
        return 1
    return 2 if telling(symbol) or not symbol else position + 2


def _fed(name: str, kind: TypeProto) -> Any:
    if kind.HasField("optional_type"):
        return _fed(name, kind.optional_type.elem_type)
    if kind.HasField("sequence_type"):
        return [_fed(f"{name}{at}", kind.sequence_type.elem_type) for at in range(2)]
    if kind.HasField("map_type"):
        return {1: 1.0} if kind.map_type.key_type == TensorProto.INT64 else {"a": 1.0}
    stated = [(d.dim_value if d.HasField("dim_value") else -1, d.dim_param) for d in kind.tensor_type.shape.dim]
    dims = tuple(size if size >= 0 else _size(symbol, at) for at, (size, symbol) in enumerate(stated))
    dtype = helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
    if dtype.kind == "O":
        return np.full(dims, "a", dtype)
    chance = np.random.default_rng(zlib.crc32(name.encode()))
    numbers = chance.uniform(-1, 1, dims) if dtype.kind == "f" else chance.integers(1, 3, dims)
    return np.asarray(numbers).astype(dtype)
