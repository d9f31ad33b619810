"""The dims and whole numbers of a decoder as functions of the length of its caches, found by inference at three lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from graphfix.analysis.facts import Facts
    from graphfix.analysis.values import Value

Integers = npt.NDArray[np.int64]
LENGTHS = 3
"""How many lengths a model is inferred at: two give a line, the third tells whether it is one."""


@dataclass(frozen=True, slots=True)
class Line:
    """Whole numbers that are `base + slope * length` for a length of the caches."""

    base: Integers
    slope: Integers

    @property
    def varies(self) -> bool:
        """Whether they depend on the length."""
        return bool(np.any(self.slope))

    def at(self, length: int) -> Integers:
        """Return the numbers at a length."""
        return np.asarray(self.base + self.slope * length, np.int64)


@dataclass(frozen=True, slots=True)
class CacheLengths:
    """The facts of a model at several lengths of its caches, the greatest first."""

    lengths: Sequence[int]
    facts: Sequence[Facts]

    @classmethod
    def of(cls, model: ModelProto, axes: Mapping[str, tuple[int, int]], greatest: int) -> CacheLengths:
        """Infer a model at the greatest length of its caches and the two below.

        `axes` are, by input, the axis whose dim depends on the length, and by how much it is longer.
        """
        from onnx import ModelProto

        from graphfix.analysis.facts import Facts
        from graphfix.ir.bind_inputs import clear_annotations, interface

        lengths, found = [greatest - step for step in range(LENGTHS)], []
        for length in lengths:
            made = ModelProto()
            made.CopyFrom(model)
            clear_annotations(made)
            for info in interface(made):
                if info.name in axes:
                    axis, more = axes[info.name]
                    info.type.tensor_type.shape.dim[axis].dim_value = length + more
            found.append(Facts.of(made))
        return cls(lengths, found)

    @property
    def greatest(self) -> int:
        """The greatest length."""
        return self.lengths[0]

    def value(self, name: str) -> Value | None:
        """Return a value at the greatest length."""
        return self.facts[0].value(name)

    def dims(self, name: str) -> Line | None:
        """Return the dims of a value; None where they are not known or no line."""
        shapes = [value.shape if value is not None else None for value in self._each(name)]
        if any(shape is None or not all(isinstance(dim, int) for dim in shape) for shape in shapes):
            return None
        return self._line([np.asarray(shape, np.int64) for shape in shapes])

    def numbers(self, name: str) -> Line | None:
        """Return the whole numbers that a value holds; None where they are not known, or no line."""
        arrays = [value.constant if value is not None else None for value in self._each(name)]
        known = [array for array in arrays if array is not None and array.dtype.kind in "iu"]
        return self._line([array.astype(np.int64) for array in known]) if len(known) == LENGTHS else None

    def varying_axes(self, name: str) -> list[int]:
        """Return the axes of a value whose dims depend on the length; empty where the dims are not known."""
        line = self.dims(name)
        return [] if line is None else [int(axis) for axis in np.flatnonzero(line.slope)]

    def _each(self, name: str) -> list[Value | None]:
        return [facts.value(name) for facts in self.facts]

    def _line(self, found: Sequence[npt.NDArray[Any]]) -> Line | None:
        if len({array.shape for array in found}) != 1:
            return None
        slope = found[0] - found[1]
        if np.any(found[1] - found[2] != slope):
            return None
        return Line(np.asarray(found[0] - slope * self.greatest, np.int64), np.asarray(slope, np.int64))


def slices(lengths: CacheLengths, node: NodeProto) -> list[tuple[int, Line, int]] | None:
    """Return the axis, the start counted from the front, and the step of each part of a Slice; None where not known."""
    operands = [lengths.numbers(name) if name else None for name in node.input[1:]]
    dims = lengths.dims(node.input[0])
    if len(operands) < 2 or operands[0] is None or dims is None:
        return None
    starts = operands[0]
    count = len(starts.base)
    axes = operands[2].base if len(operands) > 2 and operands[2] is not None else np.arange(count)
    steps = operands[3].base if len(operands) > 3 and operands[3] is not None else np.ones(count, np.int64)
    found = []
    for place in range(count):
        axis, base, slope = int(axes[place]) % len(dims.base), int(starts.base[place]), int(starts.slope[place])
        if base + slope * lengths.greatest < 0:
            base, slope = base + int(dims.base[axis]), slope + int(dims.slope[axis])
        size = int(dims.at(lengths.greatest)[axis])
        if not slope and base > size - 1:
            base = size - 1
        found.append((axis, Line(np.asarray(max(base, 0) if not slope else base), np.asarray(slope)), int(steps[place])))
    return found
