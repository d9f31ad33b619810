"""Slices with negative steps: one whole axis in reverse order, which runtimes have an operator for, or anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value

FULL = 2**31 - 1
"""How far before the first element an end must lie for a converter to take it for the start of the axis, whatever its size."""


def _judge(_node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether a Slice with negative steps reverses one whole axis, several, or takes a part or every n-th element."""
    given = [None if value is None else value.constant for value in inputs]
    steps = given[4] if len(given) > 4 else None
    if steps is None or not (steps < 0).any():
        return {"backwards": "nothing"}
    starts, ends = given[1], given[2]
    if starts is None or ends is None or (steps != -1).any() or (starts != -1).any() or (ends > -FULL).any():
        return {"backwards": "part"}
    return {"backwards": "axis" if steps.size == 1 else "axes"}


PATTERN = StructuralPattern(
    frozenset({"Slice"}),
    {"backwards": "nothing"},
    judge=_judge,
    own=True,
)
