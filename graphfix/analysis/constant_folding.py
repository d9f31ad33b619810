"""Constant folding of small tensors, as any compiler's constant folder does it.

Verdicts depend on shape arithmetic (whether the target of a Reshape is known), so linting needs the values of a few
dozen small tensors. onnx.reference computes them too, but takes some 100 microseconds per node, and models linted in a
pre-commit hook have hundreds of such nodes. Every function takes the node and its operands as arrays (None where absent).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto

from graphfix.analysis.index_folding import non_zero, scattered, triangle
from graphfix.analysis.window_functions import WINDOWS, window
from graphfix.ir.operator_set import is_standard
from graphfix.ir.proto_values import Array as Array
from graphfix.ir.proto_values import array_of, attribute_value, numpy_dtype

Operands = Sequence[Array | None]
LIMIT = 4096
"""The number of elements above which a value is not computed; it is still known to be constant."""


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """Return the value of an attribute as a plain Python value (str, not bytes), or the default."""
    for found in node.attribute[:]:
        if found.name == name:
            value = attribute_value(found)
            if found.type == AttributeProto.STRING:
                return value.decode("utf-8", "replace")
            if found.type == AttributeProto.STRINGS:
                return [item.decode("utf-8", "replace") for item in value]
            return value
    return default


def tensor_value(tensor: onnx.TensorProto, limit: int = LIMIT) -> Array | None:
    """Return the array of a tensor; None when it is large, elided, stored outside the file, or malformed."""
    if math.prod(tensor.dims) > limit or tensor.data_location == onnx.TensorProto.EXTERNAL:
        return None
    try:
        return array_of(tensor)
    except (ValueError, TypeError, KeyError):
        return None


def constant_value(node: NodeProto) -> Array | None:
    """Return the array of a Constant node, whichever attribute holds it; None for sparse and large ones."""
    for found in node.attribute[:]:
        if found.name == "value":
            return tensor_value(found.t)
        if found.name in ("value_float", "value_floats"):
            return np.asarray(attribute_value(found), np.float32)
        if found.name in ("value_int", "value_ints"):
            return np.asarray(attribute_value(found), np.int64)
    return None


def _axes(node: NodeProto, operands: Operands, position: int = 1) -> list[int] | None:
    if len(operands) > position:
        given = operands[position]
        return None if given is None else [int(axis) for axis in given.reshape(-1)]
    found = attribute(node, "axes")
    return None if found is None else [int(axis) for axis in found]


def _div(a: Array, b: Array) -> Array:
    """Divide: integers round towards zero and wrap around, floats follow IEEE 754."""
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.divide(a, b))
    low, rest = np.floor_divide(a, _divisor(b)), np.remainder(a, b)
    return np.asarray(low + ((rest != 0) & ((a < 0) != (b < 0)))).astype(a.dtype)


def _divisor(b: Array) -> Array:
    if np.issubdtype(b.dtype, np.integer) and not np.all(b):
        raise ValueError("a division by zero")
    return b


def _mod(node: NodeProto, operands: Operands) -> Array:
    """Return the remainder with the sign of the divisor, or of the dividend where fmod is set."""
    a, b = _need(operands[0]), _divisor(_need(operands[1]))
    return np.asarray((np.fmod if attribute(node, "fmod", 0) else np.mod)(a, b))


def _cast(node: NodeProto, operands: Operands) -> Array:
    dtype = numpy_dtype(attribute(node, "to"))
    return _need(operands[0]).astype(dtype)


def _need(operand: Array | None) -> Array:
    if operand is None:
        raise ValueError("a needed operand is absent")
    return operand


def _slice(node: NodeProto, operands: Operands) -> Array:
    data = _need(operands[0])
    if len(operands) >= 3:
        starts, ends = (_need(o).reshape(-1).tolist() for o in operands[1:3])
        axes = operands[3] if len(operands) > 3 else None
        steps = operands[4] if len(operands) > 4 else None
        axis_list = list(range(len(starts))) if axes is None else axes.reshape(-1).tolist()
        step_list = [1] * len(starts) if steps is None else steps.reshape(-1).tolist()
    else:
        starts, ends = attribute(node, "starts"), attribute(node, "ends")
        axis_list = attribute(node, "axes") or list(range(len(starts)))
        step_list = [1] * len(starts)
    index: list[slice] = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axis_list, step_list, strict=True):
        size = data.shape[axis]
        low = -size - 1 if step < 0 else -size
        index[axis] = slice(start, None if step < 0 and end < low else end, step)
    return data[tuple(index)]


def _squeeze(node: NodeProto, operands: Operands) -> Array:
    axes = _axes(node, operands)
    return np.squeeze(_need(operands[0]), None if axes is None else tuple(axes))


def _unsqueeze(node: NodeProto, operands: Operands) -> Array:
    return np.expand_dims(_need(operands[0]), tuple(_axes(node, operands) or ()))


def _reshape(node: NodeProto, operands: Operands) -> Array:
    data = _need(operands[0])
    target = _need(operands[1]).tolist() if len(operands) > 1 else attribute(node, "shape")
    if not attribute(node, "allowzero", 0):
        target = [data.shape[i] if size == 0 else size for i, size in enumerate(target)]
    return data.reshape(target)


def _concat(node: NodeProto, operands: Operands) -> Array:
    return np.concatenate([_need(o) for o in operands], axis=attribute(node, "axis", 0))


def _range(node: NodeProto, operands: Operands) -> Array:
    start, limit, delta = (_need(o).item() for o in operands)
    if delta == 0 or abs((limit - start) / delta) > LIMIT:
        raise ValueError("the range is long")
    return np.arange(start, limit, delta, dtype=_need(operands[0]).dtype)


def _constant_of_shape(node: NodeProto, operands: Operands) -> Array:
    shape = _bounded(_need(operands[0]).tolist())
    fill = attribute(node, "value")
    value = np.zeros(1, np.float32) if fill is None else array_of(fill)
    return np.full(shape, value.reshape(-1)[0], value.dtype)


def _bounded(shape: list[int]) -> list[int]:
    if math.prod(shape) > LIMIT:
        raise ValueError("the result is large")
    return shape


def _window(node: NodeProto, operands: Operands) -> Array:
    (size,) = _bounded(_need(operands[0]).reshape(-1).tolist())
    dtype = numpy_dtype(attribute(node, "output_datatype", onnx.TensorProto.FLOAT))
    return window(node.op_type, size, periodic=bool(attribute(node, "periodic", 1)), dtype=dtype)


def _expand(node: NodeProto, operands: Operands) -> Array:
    data = _need(operands[0])
    shape = np.broadcast_shapes(data.shape, tuple(_need(operands[1]).tolist()))
    return np.broadcast_to(data, _bounded(list(shape)))


def _tile(node: NodeProto, operands: Operands) -> Array:
    data, repeats = _need(operands[0]), _need(operands[1]).tolist()
    _bounded([data.size, *repeats])
    return np.tile(data, repeats)


def _reduce(function: Callable[..., Any]) -> Callable[[NodeProto, Operands], Array]:
    def reduce(node: NodeProto, operands: Operands) -> Array:
        data, axes = _need(operands[0]), _axes(node, operands)
        keep = bool(attribute(node, "keepdims", 1))
        if not axes and attribute(node, "noop_with_empty_axes", 0):
            return data
        return np.asarray(function(data, axis=tuple(axes) if axes else None, keepdims=keep)).astype(data.dtype)

    return reduce


def _transpose(node: NodeProto, operands: Operands) -> Array:
    return np.transpose(_need(operands[0]), attribute(node, "perm"))


def _gather(node: NodeProto, operands: Operands) -> Array:
    return np.take(_need(operands[0]), _need(operands[1]), axis=attribute(node, "axis", 0))


def _triangle(node: NodeProto, operands: Operands) -> Array:
    return triangle(_need(operands[0]), operands[1] if len(operands) > 1 else None, upper=bool(attribute(node, "upper", 1)))


def _scatter(node: NodeProto, operands: Operands) -> Array:
    return scattered(*map(_need, operands), reduction=attribute(node, "reduction", "none"))


def _many(function: Callable[[Array, Array], Array]) -> Callable[[NodeProto, Operands], Array]:
    def fold(node: NodeProto, operands: Operands) -> Array:
        result = _need(operands[0])
        for operand in operands[1:]:
            result = function(result, _need(operand))
        return result

    return fold


def _plain(function: Callable[..., Any]) -> Callable[[NodeProto, Operands], Array]:
    def fold(node: NodeProto, operands: Operands) -> Array:
        return np.asarray(function(*[_need(o) for o in operands]))

    return fold


EXACT = 2**53
"""The magnitude up to which float64 represents every integer exactly."""


def _exact(size: Array, dtype: np.dtype[Any]) -> None:
    """Raise ValueError for integers too large to be exact in float arithmetic, for which runtimes give different results."""
    if np.issubdtype(dtype, np.integer) and not np.all(size <= min(EXACT - 1, np.iinfo(dtype).max)):  # NaN is rejected too
        raise ValueError("the result is large, or none")


def _pow(a: Array, b: Array) -> Array:
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(np.power(a, b)).astype(a.dtype)
    power = np.power(a.astype(np.float64), b.astype(np.float64))
    _exact(np.abs(power), a.dtype)
    return np.asarray(np.trunc(power)).astype(a.dtype)


def _sum(data: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    _exact(np.sum(np.abs(data.astype(np.float64)), axis=axis), data.dtype)
    return np.asarray(np.sum(data, axis=axis, keepdims=keepdims)).astype(data.dtype)


def _prod(data: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    _exact(np.abs(np.prod(data.astype(np.float64), axis=axis)), data.dtype)
    return np.asarray(np.prod(data, axis=axis, keepdims=keepdims)).astype(data.dtype)


def _mean(data: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """Return the mean; for integers, the sum divided with rounding towards zero."""
    if not np.issubdtype(data.dtype, np.integer):
        return np.asarray(np.mean(data, axis=axis, keepdims=keepdims))
    total = _sum(data, axis, keepdims)
    return _div(total, np.asarray(data.size // max(total.size, 1)).astype(data.dtype))


FOLDERS: dict[str, Callable[[NodeProto, Operands], Array]] = {
    "Identity": _plain(lambda a: a), "Cast": _cast, "Slice": _slice, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze,
    "Reshape": _reshape, "Concat": _concat, "Range": _range, "ConstantOfShape": _constant_of_shape,
    "Expand": _expand, "Tile": _tile, "Transpose": _transpose, "Gather": _gather,
    "Add": _plain(np.add), "Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Div": _plain(_div),
    "Pow": _plain(_pow), "Neg": _plain(np.negative), "Abs": _plain(np.abs), "Floor": _plain(np.floor),
    "Ceil": _plain(np.ceil), "Round": _plain(np.rint), "Sqrt": _plain(np.sqrt),
    "Mod": _mod,
    "Min": _many(np.minimum), "Max": _many(np.maximum), "Sum": _many(np.add),
    "Equal": _plain(np.equal), "Greater": _plain(np.greater), "GreaterOrEqual": _plain(np.greater_equal),
    "Less": _plain(np.less), "LessOrEqual": _plain(np.less_equal), "Not": _plain(np.logical_not),
    "And": _plain(np.logical_and), "Or": _plain(np.logical_or), "Xor": _plain(np.logical_xor),
    "Where": _plain(np.where), "NonZero": _plain(non_zero), "Trilu": _triangle, "ScatterND": _scatter,
    "ReduceProd": _reduce(_prod), "ReduceSum": _reduce(_sum), "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min), "ReduceMean": _reduce(_mean), **dict.fromkeys(WINDOWS, _window),
}  # fmt: skip


def fold(node: NodeProto, operands: Operands) -> Array | None:
    """Return the value of the node's first output, or None when it cannot be computed or is too large.

    `operands` are the node's inputs in order, each an array, or None where the input is left out.
    """
    folder = FOLDERS.get(node.op_type) if is_standard(node) else None
    if folder is None:
        return None
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(folder(node, operands))
    except (ValueError, TypeError, IndexError, OverflowError, KeyError, AttributeError):
        return None
    return result if result.size <= LIMIT else None
