"""The error of a rewrite on real inputs: the distance of each output from the original's, over all inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_EXACT = 300.0
"""The largest signal-to-noise ratio, in decibels, that is reported."""


@dataclass(slots=True)
class OutputMetrics:
    """The distance of one output from the original's over several inputs.

    Sums are over the values that are finite on both sides. `top1` counts the rows in which the largest value is at the
    same index on both sides, for float outputs of two dims with at least two columns.
    """

    values: int = 0
    largest: float = 0.0
    total: float = 0.0
    noise: float = 0.0
    signal: float = 0.0
    other: float = 0.0
    product: float = 0.0
    rows: int = 0
    top1: int = 0

    def add(self, old: Any, new: Any) -> None:
        """Add the output for one input, before and after; only two numeric arrays of the same shape are counted."""
        was, now = np.asarray(old), np.asarray(new)
        if was.dtype.kind not in "biufc" or now.shape != was.shape or now.dtype.kind not in "biufc":
            return
        if was.dtype.kind == "f" and was.ndim == 2 and was.shape[1] > 1:
            self.rows += was.shape[0]
            self.top1 += int(np.sum(np.argmax(was, axis=1) == np.argmax(now, axis=1)))
        wide = np.complex128 if was.dtype.kind == "c" else np.float64
        a, b = was.astype(wide).reshape(-1), now.astype(wide).reshape(-1)
        finite = np.isfinite(a) & np.isfinite(b)
        a, b = a[finite], b[finite]
        gap = np.abs(a - b)
        self.values += a.size
        self.largest = max(self.largest, float(gap.max(initial=0.0)))
        self.total += float(gap.sum())
        self.noise += float(np.square(gap).sum())
        self.signal += float(np.square(np.abs(a)).sum())
        self.other += float(np.square(np.abs(b)).sum())
        self.product += float(np.abs(np.vdot(a, b)))

    def to_json(self) -> dict[str, float | None]:
        """Return max_abs, mean_abs, cosine, snr_db and top1 (a fraction); None where one is not defined."""
        norms = math.sqrt(self.signal * self.other)
        equal = self.noise == 0.0
        return {
            "max_abs": self.largest,
            "mean_abs": self.total / self.values if self.values else 0.0,
            "cosine": 1.0 if equal else min(1.0, self.product / norms) if norms else 0.0,
            "snr_db": None if equal else min(MOST_EXACT, 10 * math.log10(self.signal / self.noise)) if self.signal else None,
            "top1": self.top1 / self.rows if self.rows else None,
        }
