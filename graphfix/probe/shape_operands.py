"""Operands computed from the dims of graph inputs, as exporters compute target shapes, axes and initial states."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from graphfix.analysis.constant_folding import Array
from graphfix.probe.graph_builder import GraphBuilder
from graphfix.probe.refusal import Inexpressible

MAX_INPUT_RANK = 5
"""The highest rank of graph inputs; models have values of higher ranks, but practically no such inputs or outputs."""


def from_shape(builder: GraphBuilder, name: str, array: Array, code: int, source: str) -> str:
    """Compute an operand from dims of a graph input, the node's own data where its sizes match; returns the value's name.

    The dims are dynamic unless the source is `fixed-shape`.
    """
    if array.dtype.kind == "O":
        raise Inexpressible("no strings are computed from sizes")
    if not array.size:
        raise Inexpressible("no sizes give an empty operand: in a Reshape's target 0 stands for another size")
    if array.dtype.kind == "f" or array.size > 8:
        return _filled(builder, name, array, code, source)
    flat = [int(v) for v in array.reshape(-1)]
    pieces = []
    for i, value in enumerate(flat):
        found = _size_of(builder, value, source)
        if found is None or value < 0:
            pieces.append(builder.constant(f"{name}_c{i}", np.asarray([value], np.int64), TensorProto.INT64))
            continue
        measured, at = found
        shape = builder.node("Shape", [measured], f"{name}_s{i}")
        index = builder.constant(f"{name}_i{i}", np.asarray([at], np.int64), TensorProto.INT64)
        pieces.append(builder.node("Gather", [shape, index], f"{name}_d{i}", axis=0))
    if not any(piece.startswith(f"{name}_d") for piece in pieces):
        pieces = [_like(builder, name, flat, source)]
    joined = builder.node("Concat", pieces, f"{name}_v", axis=0) if len(pieces) > 1 else pieces[0]
    if array.ndim != 1:
        shape = builder.constant(f"{name}_shape", np.asarray(array.shape, np.int64), TensorProto.INT64)
        joined = builder.node("Reshape", [joined, shape], f"{name}_r")
    if source == "cast-shape" and code == TensorProto.INT64:
        joined = builder.node("Cast", [joined], f"{name}_narrow", to=TensorProto.INT32)
        return builder.node("Cast", [joined], name, to=TensorProto.INT64)
    return (
        builder.node("Identity", [joined], name) if code == TensorProto.INT64 else builder.node("Cast", [joined], name, to=code)
    )


def _size_of(builder: GraphBuilder, value: int, source: str) -> tuple[str, int] | None:
    """Find a dim of a graph input with that size, dynamic or fixed according to the source."""
    for info in builder.inputs:
        for at, dim in enumerate(info.type.tensor_type.shape.dim):
            if bool(dim.dim_param) != (source == "fixed-shape") and builder.feeds[info.name].shape[at] == value:
                return info.name, at
    return None


def _like(builder: GraphBuilder, name: str, flat: list[int], source: str) -> str:
    """Compute the numbers from the dims of an extra input, plus constants where they cannot be sizes."""
    sizes = [max(value, 1) for value in flat]
    if source == "fixed-shape":
        return _shifted(builder, name, flat, _picked(builder, name, sizes))
    builder.feeds[f"{name}_like"] = np.zeros(sizes, np.float32)
    dims = [f"{name}_{i}" for i in range(len(sizes))]
    builder.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
    shape = builder.node("Shape", [f"{name}_like"], f"{name}_sizes")
    return _shifted(builder, name, flat, (shape, sizes))


def _picked(builder: GraphBuilder, name: str, sizes: list[int]) -> tuple[str, list[int]]:
    """Gather a vector from the fixed dims of an extra input; returns its name and its values."""
    dims = sorted(set(sizes))[: MAX_INPUT_RANK - 1] or [1]
    builder.feeds[f"{name}_like"] = np.zeros(dims, np.float32)
    builder.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
    shape = builder.node("Shape", [f"{name}_like"], f"{name}_sizes")
    places = [dims.index(size) if size in dims else 0 for size in sizes]
    index = builder.constant(f"{name}_places", np.asarray(places, np.int64), TensorProto.INT64)
    return builder.node("Gather", [shape, index], f"{name}_picked", axis=0), [dims[place] for place in places]


def _shifted(builder: GraphBuilder, name: str, flat: list[int], found: tuple[str, list[int]]) -> str:
    """Add the difference between the wanted numbers and the given vector to it, where there is one."""
    value, sizes = found
    if sizes == flat:
        return value
    gap = np.asarray(flat, np.int64) - np.asarray(sizes, np.int64)
    shift = builder.constant(f"{name}_shift", gap, TensorProto.INT64)
    return builder.node("Add", [value, shift], f"{name}_shifted")


def _filled(builder: GraphBuilder, name: str, array: Array, code: int, source: str) -> str:
    """Fill an array with one value at sizes that are read from the data where they match, like initial states."""
    if source == "fixed-shape" and array.ndim == 0:
        one = _filled(builder, f"{name}_one", array.reshape(1), code, source)
        return builder.node("Reshape", [one, builder.constant(f"{name}_none", np.zeros(0, np.int64), TensorProto.INT64)], name)
    if source == "fixed-shape" or any(_size_of(builder, size, source) for size in array.shape):
        shape = from_shape(builder, f"{name}_sizes", np.asarray(array.shape, np.int64), TensorProto.INT64, source)
    else:
        builder.feeds[f"{name}_like"] = np.zeros(array.shape, np.float32)
        dims = [f"{name}_{i}" for i in range(array.ndim)]
        builder.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
        shape = builder.node("Shape", [f"{name}_like"], f"{name}_sizes")
        if source == "cast-shape":
            narrow = builder.node("Cast", [shape], f"{name}_narrow", to=TensorProto.INT32)
            shape = builder.node("Cast", [narrow], f"{name}_wide", to=TensorProto.INT64)
    fill = array.reshape(-1)[:1] if array.size else np.zeros(1, array.dtype)
    value = numpy_helper.from_array(np.ascontiguousarray(fill))
    value.data_type = code
    if builder.opset >= 9:
        return builder.node("ConstantOfShape", [shape], name, value=value)
    one = builder.constant(f"{name}_one", np.ascontiguousarray(fill).reshape([1] * array.ndim), code)
    return builder.node("Expand" if builder.opset == 8 else "Tile", [one, shape], name)
