"""Values of the window functions of signal processing, which are operands of Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphfix.ir.proto_values import Array

WINDOWS = {"HannWindow": (0.5, 0.5, 0.0), "HammingWindow": (25 / 46, 21 / 46, 0.0), "BlackmanWindow": (0.42, 0.5, 0.08)}
"""The weights of each window: a constant, a cosine that is subtracted, and one of twice the frequency that is added."""


def window(op: str, size: int, *, periodic: bool, dtype: np.dtype[Any]) -> Array:
    """Return the window of an operator, computed in float64; a window that is not periodic ends as it begins."""
    constant, once, twice = WINDOWS[op]
    turn = 2 * np.pi * np.arange(size) / (size if periodic else max(size - 1, 1))
    return (constant - once * np.cos(turn) + twice * np.cos(2 * turn)).astype(dtype)
