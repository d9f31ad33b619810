"""Weights stored as integers or float8 behind DequantizeLinear, per tensor, per channel or per block of 32."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]

BLOCK = 32
"""Weights that share one scale where they are quantised per block."""
RANGES = {
    "int8": (-127, 127, TensorProto.INT8),
    "uint8": (0, 255, TensorProto.UINT8),
    "int16": (-32767, 32767, TensorProto.INT16),
    "int4": (-7, 7, TensorProto.INT4),
    "uint4": (0, 15, TensorProto.UINT4),
    "float8e4m3fn": (-448, 448, TensorProto.FLOAT8E4M3FN),
}
AXES = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1}
"""The axis of the weight's output channels."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Integers of a weight with their scales and zero points; None where all zero points are zero."""

    values: Array
    scales: Array
    zeros: Array | None


def store(weight: Array, dtype: str, per: str, axis: int, reduced: int) -> Stored:
    """Return a weight quantised to the nearest: `axis` is that of channels, `reduced` that along which blocks are."""
    low, high, _ = RANGES[dtype]
    wide = np.asarray(weight, np.float64)
    over: tuple[int, ...]
    if per == "block":
        pad = [(0, -size % BLOCK if at == reduced else 0) for at, size in enumerate(wide.shape)]
        blocks = np.pad(wide, pad)
        shape = (*wide.shape[:reduced], blocks.shape[reduced] // BLOCK, BLOCK, *wide.shape[reduced + 1 :])
        grouped, over = blocks.reshape(shape), (reduced + 1,)
    else:
        grouped, over = wide, tuple(at for at in range(wide.ndim) if per == "tensor" or at != axis)
    bottom = np.minimum(grouped.min(over, keepdims=True), 0.0)
    top = np.maximum(grouped.max(over, keepdims=True), 0.0)
    if low < 0:
        scale, zero = np.maximum(top, -bottom) / high, None
    else:
        scale = (top - bottom) / high
        zero = np.round(-bottom / np.where(scale == 0, 1, scale))
    scale = np.where(scale == 0, 1.0, scale).astype(np.float32).astype(np.float64)
    made = grouped / scale + (0 if zero is None else zero)
    made = made if dtype.startswith("float8") else np.clip(np.round(made), low, high)
    if per == "block":
        made = made.reshape(blocks.shape)[tuple(slice(size) for size in wide.shape)]
    small = [np.squeeze(one, over) if one is not None else None for one in (scale, zero)]
    assert small[0] is not None
    return Stored(made, small[0].astype(np.float32), small[1])


def integers(name: str, values: Array, dtype: str) -> TensorProto:
    """Return a tensor of these whole numbers in an integer dtype of 4, 8 or 16 bits, or of these numbers in float8."""
    code = RANGES[dtype][2]
    if dtype.startswith("float8"):
        return helper.make_tensor(name, code, values.shape, values.astype(np.float32).reshape(-1).tolist())
    if dtype in ("int4", "uint4"):
        nibbles = np.append(values.astype(np.int8).reshape(-1) & 15, np.zeros(values.size % 2, np.int8)).astype(np.uint8)
        packed = nibbles[0::2] | (nibbles[1::2] << 4)
        return TensorProto(name=name, data_type=code, dims=values.shape, raw_data=packed.astype(np.uint8).tobytes())
    return numpy_helper.from_array(values.astype(dtype), name)


def store_weights(model: ModelProto, dtype: str, per: str, *, exclude: Collection[str] = ()) -> ModelProto:
    """Return the model with the constant weights of Conv, ConvTranspose, Gemm and MatMul stored as `dtype`.

    `exclude` holds names of nodes. Blocks run along the reduced axis; weights of more than two dims get channels instead.
    """
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    constants = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    nodes: list[NodeProto] = []
    known: dict[tuple[str, int], str] = {}
    for node in graph.node:
        place = _weight(node)
        if place is not None and node.name not in exclude and node.input[1] in constants:
            source = constants[node.input[1]]
            axis = place % len(source.dims) if source.dims else 0
            if len(source.dims) >= 2:
                key = source.name, axis
                if key not in known:
                    known[key] = _dequantised(source, dtype, per, axis, made, nodes)
                node.input[1] = known[key]
        nodes.append(node)
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
    read = {name for node in graph.node for name in node.input} | {info.name for info in graph.output}
    left = [tensor for tensor in graph.initializer if tensor.name in read or tensor.name not in constants]
    del graph.initializer[:]
    graph.initializer.extend(left)
    return made


def _weight(node: NodeProto) -> int | None:
    """The axis of a node's weight that holds output channels; None for a node without a weight."""
    if node.op_type == "Gemm":
        transposed = next((one.i for one in node.attribute if one.name == "transB"), 0)
        return 0 if transposed else 1
    return AXES.get(node.op_type)


def _dequantised(source: TensorProto, dtype: str, per: str, axis: int, model: ModelProto, nodes: list[NodeProto]) -> str:
    """Add the stored weight with its DequantizeLinear; returns the name of the result."""
    if per == "block" and len(source.dims) != 2:
        per = "channel"
    reduced = len(source.dims) - 1 - axis if len(source.dims) == 2 else 1
    stored = store(numpy_helper.to_array(source), dtype, per, axis, reduced)
    name = f"{source.name}_dequantized"
    names = [f"{source.name}_{part}" for part in ("quantized", "scale", "zero_point")]
    zeros = np.zeros(stored.scales.shape) if stored.zeros is None else stored.zeros
    tensors = [integers(names[0], stored.values, dtype), numpy_helper.from_array(stored.scales, names[1])]
    model.graph.initializer.extend([*tensors, integers(names[2], zeros, dtype)])
    attributes: dict[str, Any] = (
        {"axis": axis} if per == "channel" else {"axis": reduced, "block_size": BLOCK} if per == "block" else {}
    )
    nodes.append(helper.make_node("DequantizeLinear", names, [name], name=f"{name}_node", **attributes))
    return name
