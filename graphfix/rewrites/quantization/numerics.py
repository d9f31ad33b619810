"""Quantised numbers as the floats they stand for, and what the operators on them compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
WHOLE = 1 << 24
"""Below this every whole number is a float32, and so is every partial sum."""


def dequantised(q: Array, scale: Array, zero: Array | None, axis: int = 1, block: int = 0) -> Array:
    """(q - zero) * scale in the dtype of the scale: one scale, one for each entry of an axis, or one for each block."""
    scale, zero = _spread(q, scale, axis, block), None if zero is None else _spread(q, zero, axis, block)
    wide = q.astype(np.int64 if q.dtype.kind in "iu" else np.float32)
    if zero is not None:
        wide = wide - zero.astype(wide.dtype)
    return np.asarray(wide.astype(scale.dtype) * scale)


def _spread(q: Array, given: Array, axis: int, block: int) -> Array:
    if given.ndim == 0 or given.size == 1:
        return given.reshape(())
    if given.ndim == 1 and q.ndim >= 1 and not block:
        return given.reshape([-1 if i == axis % q.ndim else 1 for i in range(q.ndim)])
    return np.repeat(given, block, axis=axis).take(range(q.shape[axis]), axis=axis) if block else given


def limits(dtype: npt.DTypeLike) -> tuple[int, int]:
    """The least and the greatest number of an integer dtype."""
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def largest_sum(weight: Array, summed: tuple[int, ...], largest: int, bias: Array | None = None) -> int:
    """Bound a sum, and every partial one, of products of the weights along these axes with whole numbers up to `largest`."""
    most = int(np.abs(weight.astype(np.int64)).sum(axis=summed).max(initial=0)) * largest
    return most + (0 if bias is None else int(np.abs(bias.astype(np.int64)).max(initial=0)))
