"""Resizing by scales that are no whole numbers.

The size that follows from a dynamic dim is then no multiple of it, and a compiler with symbolic sizes may have no expression
for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value


def constant_scales(node: NodeProto, inputs: Sequence[Value | None]) -> list[float]:
    """Return the scales of a Resize or Upsample, empty where they are no constant.

    They are its third operand, its second one up to opset 10, or an attribute of Upsample.
    """
    if stated := attribute(node, "scales", None):
        return [float(scale) for scale in stated]
    held = inputs[2] if len(inputs) > 2 else inputs[1] if len(inputs) == 2 else None
    return [] if held is None or held.constant is None else [float(scale) for scale in held.constant.reshape(-1)]


def _judge(node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether a scale that is no whole number applies to a dynamic dim, or to fixed dims alone."""
    shape = inputs[0].shape if inputs and inputs[0] is not None else None
    scales = constant_scales(node, inputs)
    axes = attribute(node, "axes", None) or range(len(scales))
    fractional = [axis for axis, scale in zip(axes, scales, strict=False) if not scale.is_integer()]
    if not fractional:
        return {"fraction": "none"}
    if shape is None:
        return {"fraction": "dynamic"}
    dims = [shape[axis] for axis in fractional if -len(shape) <= axis < len(shape)]
    return {"fraction": "fixed" if all(isinstance(dim, int) for dim in dims) else "dynamic"}


PATTERN = StructuralPattern(
    frozenset({"Resize", "Upsample"}),
    {"fraction": "none"},
    judge=_judge,
    own=True,
)
