"""The standardization (x - mean) / sqrt(variance + e) over some axes, which every normalization rewrite uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphfix.rewriting.replacement import ReplacementBuilder


@dataclass(frozen=True, slots=True)
class Standardized:
    """A standardized value: its name, that of the mean (empty without one), and of 1 / sqrt(variance + e)."""

    value: str
    mean: str
    inverse: str


@dataclass(frozen=True, slots=True)
class Standardization:
    """The parameters of a standardization: its axes, epsilon, and the dtype that it is computed in."""

    axes: Sequence[int]
    epsilon: float
    dtype: str
    centred: bool = True

    def draw(self, draft: ReplacementBuilder, x: str) -> Standardized:
        """Emit the value with mean 0 and variance 1 over the axes; if not centred, with mean square 1."""
        axes, mean = list(self.axes), ""
        if self.centred:
            mean = draft.op("ReduceMean", x, axes=axes, keepdims=1)
            x = draft.op("Sub", x, mean)
        square = draft.op("ReduceMean", draft.op("Mul", x, x), axes=axes, keepdims=1)
        root = draft.op("Sqrt", draft.op("Add", square, draft.constant(self.epsilon, self.dtype)))
        inverse = draft.op("Reciprocal", root)
        return Standardized(draft.op("Mul", x, inverse), mean, inverse)
