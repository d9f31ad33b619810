"""An Unsqueeze whose new axes are among the first four of its result, as runtimes of four dims have them, or behind these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value, integers

MOST = 4
"""The dims of the largest tensors of such a runtime."""


def _judge(node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether some new axis has four or more before it."""
    data = inputs[0] if inputs else None
    axes = attribute(node, "axes") or integers(inputs[1] if len(inputs) > 1 else None)
    if axes is None or data is None or data.rank is None:
        return {"fifth": None}
    rank = data.rank + len(axes)
    return {"fifth": any(axis + rank * (axis < 0) >= MOST for axis in axes)}


PATTERN = StructuralPattern(frozenset({"Unsqueeze"}), {"fifth": False}, judge=_judge, own=True)
