"""(x - mean) / sqrt(variance + e) over some axes, drawn up in means: the heart of every normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphfix.rewriting.replacement import Draft


@dataclass(frozen=True, slots=True)
class Standard:
    """A value standardised: its name, that of the mean (empty where none was taken), and of 1 / sqrt(variance + e)."""

    value: str
    mean: str
    inverse: str


@dataclass(frozen=True, slots=True)
class Over:
    """What a value is standardised over: its axes, the number below the root, and the dtype that it is computed in."""

    axes: Sequence[int]
    epsilon: float
    dtype: str
    centred: bool = True

    def draw(self, draft: Draft, x: str) -> Standard:
        """Draw up the value with mean 0 and variance 1 over the axes; not centred, with mean square 1."""
        axes, mean = list(self.axes), ""
        if self.centred:
            mean = draft.op("ReduceMean", x, axes=axes, keepdims=1)
            x = draft.op("Sub", x, mean)
        square = draft.op("ReduceMean", draft.op("Mul", x, x), axes=axes, keepdims=1)
        root = draft.op("Sqrt", draft.op("Add", square, draft.constant(self.epsilon, self.dtype)))
        inverse = draft.op("Reciprocal", root)
        return Standard(draft.op("Mul", x, inverse), mean, inverse)
