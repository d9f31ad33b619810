"""The patterns of known values through layers with weights: an output is known where every operand it depends on is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.operand_constraints import GATES
from graphfix.pruning.axis_graph import AxisGraph
from graphfix.pruning.relations.recurrent import BIASES, CELL, RECURRENT, STATE, WEIGHTS

Pattern = npt.NDArray[Any]
Operands = Sequence[Pattern | None]


def per_channel(pattern: Pattern | None, axis: int, size: int) -> Pattern:
    """Return the number that each element along an axis always is; NaN where it varies along the others or is not known."""
    if pattern is None:
        return np.full(size, np.nan)
    flat = np.moveaxis(pattern, axis, 0).reshape(pattern.shape[axis], -1)
    same = np.where((flat == flat[:, :1]).all(1), flat[:, 0], np.nan)
    return np.broadcast_to(same, (size,)) if same.size == 1 else same


def padded(node: NodeProto) -> bool:
    """Whether a convolution pads its input."""
    return any(attribute(node, "pads", ())) or attribute(node, "auto_pad", "NOTSET") not in ("NOTSET", "VALID")


def _convolution(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    weight = operands[1]
    if weight is None or node.input[1] not in axes.constants:
        return []
    groups, transposed = int(attribute(node, "group", 1)), node.op_type == "ConvTranspose"
    if transposed:  # filters as those of a convolution: output channels first, then the inputs of the group
        each = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:]).swapaxes(1, 2)
        weight = each.reshape(groups * each.shape[1], *each.shape[2:])
    flat = weight.reshape(*weight.shape[:2], -1)
    inputs = per_channel(operands[0], 1, flat.shape[1] * groups).reshape(groups, 1, -1)
    taken = (flat != 0).any(-1).reshape(groups, -1, flat.shape[1])
    usable = inputs == 0 if padded(node) or transposed else ~np.isnan(inputs)
    known = (~taken | usable).all(-1)
    sums = flat.astype(np.float64).sum(-1).reshape(taken.shape)
    total = np.where(usable, np.nan_to_num(inputs), 0.0)
    made = np.where(known, (sums * total).sum(-1), np.nan).reshape(-1)
    bias = operands[2] if len(operands) > 2 else None
    made = made + (bias if bias is not None else 0.0 if len(node.input) < 3 or not node.input[2] else np.nan)
    dims = axes.dims(node.output[0]) or ()
    return [made.reshape(1, -1, *(1 for _ in dims[2:]))]


def _normalization(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data, scale, bias, mean, variance = operands[:5]
    if scale is None or bias is None or mean is None or variance is None or (len(node.output) > 1 and node.output[1]):
        return []
    shape = (1, -1, *(1 for _ in (axes.dims(node.input[0]) or ())[2:]))
    scale, bias, mean, variance = (one.astype(np.float64).reshape(shape) for one in (scale, bias, mean, variance))
    made = np.nan if data is None else (data - mean) / np.sqrt(variance + attribute(node, "epsilon", 1e-5)) * scale + bias
    return [np.where(scale == 0, bias, made)]


def _product(rows: Pattern | None, columns: Pattern | None, ranks: tuple[int, int]) -> Pattern | None:
    """Return what is known of a matrix product; an element is known where each product in its sum is known or has a 0."""
    one = np.full((1,) * ranks[0], np.nan) if rows is None else rows
    other = np.full((1,) * ranks[1], np.nan) if columns is None else columns
    depth = np.broadcast_shapes(one.shape[-1:], other.shape[-2:-1])[0]
    one = np.broadcast_to(one, (*one.shape[:-1], depth))
    other = np.broadcast_to(other, (*other.shape[:-2], depth, other.shape[-1]))
    if one.size * other.shape[-1] > 1 << 28:
        return None
    taken = np.matmul(np.isnan(one).astype(np.float32), (other != 0).astype(np.float32))
    taken = taken + np.matmul((one != 0).astype(np.float32), np.isnan(other).astype(np.float32))
    whole = np.matmul(np.nan_to_num(one), np.nan_to_num(other))
    return np.where(taken == 0, whole, np.nan)


def _matmul(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    ranks = [len(axes.dims(name) or ()) for name in node.input]
    if min(ranks) < 2:
        return []
    made = _product(operands[0], operands[1], (ranks[0], ranks[1]))
    if made is None or all(name in axes.constants for name in node.input):
        return []
    # A depth that neither pattern knows counts once, which is right for sums of zeros alone.
    known = any(name in axes.constants for name in node.input)
    return [made if known else np.where(made == 0, 0.0, np.nan)]


def _gemm(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    left, right, bias = operands[0], operands[1], operands[2] if len(operands) > 2 else None
    if node.input[1] not in axes.constants or right is None:
        return []
    left = left.T if left is not None and attribute(node, "transA", 0) else left
    made = _product(left, right.T if attribute(node, "transB", 0) else right, (2, 2))
    if made is None:
        return []
    made = made * attribute(node, "alpha", 1.0)
    if len(node.input) > 2 and node.input[2]:
        made = made + (np.nan if bias is None else bias * attribute(node, "beta", 1.0))
    return [made]


def _recurrent(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    """Units whose state is 0 and stays 0: the rows of the gate that writes it are 0."""
    weights, recurrent = operands[WEIGHTS], operands[RECURRENT]
    given = dict(enumerate(operands))
    if weights is None or recurrent is None or any(given.get(at) is not None and np.any(given[at]) for at in (STATE, CELL)):
        return []
    if any(len(node.input) > at and node.input[at] and given.get(at) is None for at in (BIASES, STATE, CELL)):
        return []
    kinds = [str(kind).lower() for kind in attribute(node, "activations", ()) or ()]
    period = {"LSTM": 3, "GRU": 2, "RNN": 1}[node.op_type]
    writing = [kind for place, kind in enumerate(kinds) if period == 1 or place % period]
    if set(writing) - {"tanh", "relu", "softsign", "scaledtanh"}:
        return []  # only these are 0 at 0
    hidden, gates = recurrent.shape[2], GATES[node.op_type]
    write = {"LSTM": 3, "GRU": 2, "RNN": 0}[node.op_type]  # the last gate of iofc and zrh
    rows = slice(write * hidden, (write + 1) * hidden)
    quiet = (weights[:, rows] == 0).all(2) & (recurrent[:, rows] == 0).all(2)
    bias = given.get(BIASES)
    if bias is not None:
        both = bias.reshape(bias.shape[0], 2, gates, hidden)[:, :, write]
        quiet &= (both == 0).all(1) if node.op_type == "GRU" else both.sum(1) == 0
    made = np.where(quiet, 0.0, np.nan)
    return [made[None, :, None, :] if place == 0 else made[:, None, :] for place in range(len(node.output))]


def _attention(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    """Elements of values that are the same at every place: an average of them is that number, whatever the weights are."""
    dims = axes.dims(node.output[0]) or ()
    last = len(dims) - 1
    size = axes.size((node.output[0], last)) or 0
    if node.domain and node.op_type == "Attention":
        bias = operands[2] if len(operands) > 2 else None
        values = None if operands[1] is None else _product(operands[0], operands[1][:, 2 * size :], (3, 2))
        has_bias = len(node.input) > 2 and node.input[2]
        shift = np.zeros(size) if not has_bias else np.full(size, np.nan) if bias is None else bias[2 * size :]
    else:
        values = operands[2]
        has_bias = node.domain and len(node.input) > 3 and node.input[3]
        bias = operands[3] if has_bias else None
        shift = np.zeros(size) if not has_bias else np.full(size, np.nan) if bias is None else bias[-size:]
    if values is None or (last != 2 and not node.domain and values.shape[1] != 1):
        return _heads(values, dims) if values is not None and last == 3 else []
    made = per_channel(values, last, size) + shift
    return [made.reshape((1,) * last + (-1,))]


def _heads(values: Pattern, dims: Sequence[Any]) -> list[Pattern | None]:
    """The same where heads have an axis of their own: along the places of the values alone the number must be one."""
    same = (values == values[:, :, :1]).all(2, keepdims=True)
    return [np.where(same, values[:, :, :1], np.nan)]


Rule = Callable[[NodeProto, Operands, AxisGraph], list[Pattern | None]]
PRODUCTS: dict[str, Rule] = {
    "Conv": _convolution, "ConvTranspose": _convolution, "BatchNormalization": _normalization, "MatMul": _matmul, "Gemm": _gemm,
    **dict.fromkeys(GATES, _recurrent), "Attention": _attention, "MultiHeadAttention": _attention,
}  # fmt: skip
"""The patterns of a node's outputs, by operator."""
