"""Suppression of the boxes of several images at once, which converters without a loop do for one image only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value


def _judge(_node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether the boxes or the scores are stated to be those of several images."""
    firsts = [value.shape[0] for value in inputs[:2] if value is not None and value.shape]
    return {"batched": any(isinstance(dim, int) and dim > 1 for dim in firsts)}


PATTERN = StructuralPattern(
    frozenset({"NonMaxSuppression"}),
    {"batched": False},
    judge=_judge,
    own=True,
)
