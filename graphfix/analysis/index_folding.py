"""Values of operators that find or choose positions, for constant folding."""

from __future__ import annotations

import numpy as np

from graphfix.ir.proto_values import Array


def non_zero(data: Array) -> Array:
    """Return the positions of the elements that are not zero, a row for each axis: exporters write `arange` so."""
    return np.asarray(np.nonzero(np.atleast_1d(data)), np.int64)


def triangle(data: Array, diagonal: Array | None, *, upper: bool) -> Array:
    """Return the upper or lower triangle of matrices, from a diagonal on."""
    shift = 0 if diagonal is None else int(diagonal.reshape(-1)[0])
    return np.asarray(np.triu(data, shift) if upper else np.tril(data, shift))


def scattered(data: Array, indices: Array, updates: Array, *, reduction: str) -> Array:
    """Return a copy of the data with slices replaced at some positions; raises ValueError where they are to be combined."""
    if reduction != "none":
        raise ValueError(f"reduction is {reduction}")
    result = data.copy()
    result[tuple(np.moveaxis(indices, -1, 0))] = updates
    return result
