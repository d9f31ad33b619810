"""What a sketch needs beside its text: names that the text cannot write, and inputs to feed."""

from __future__ import annotations

import zlib

import numpy as np
from onnx import ModelProto, helper

from graphfix.folding import Array


def renamed(model: ModelProto, names: dict[str, str]) -> ModelProto:
    """The model with inputs, outputs and open dims called otherwise, in ways that the text format cannot write."""
    for info in (*model.graph.input, *model.graph.output):
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


def random_feeds(model: ModelProto) -> dict[str, Array]:
    """Seeded inputs for a model whose inputs have sizes; symbols are taken for 2."""
    known = {tensor.name for tensor in model.graph.initializer}
    out: dict[str, Array] = {}
    for info in model.graph.input:
        if info.name not in known and info.type.HasField("tensor_type"):
            kind = info.type.tensor_type
            dims = tuple(d.dim_value if d.dim_value > 0 else 2 for d in kind.shape.dim)
            dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
            if dtype.kind == "O":
                out[info.name] = np.full(dims, "a", dtype)
                continue
            chance = np.random.default_rng(zlib.crc32(info.name.encode()))
            out[info.name] = np.asarray(chance.uniform(-1, 1, dims) if dtype.kind == "f" else chance.integers(1, 3, dims)).astype(
                dtype
            )
    return out
