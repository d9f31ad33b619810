"""Products and quotients of a tensor and a size of a dynamic dim.

A compiler with symbolic sizes may look for the size before a run, or divide by its symbol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value


def is_size(value: Value | None) -> bool:
    """Return whether a value is one size of a dynamic dim."""
    return (
        value is not None and value.sized and value.constant is None and value.source == "shape"
        and value.shape is not None and all(dim == 1 for dim in value.shape)
    )  # fmt: skip


def _judge(node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether a factor or the divisor is a single size that is not fixed, and the other operand has a dynamic dim or none."""
    asked = inputs[1:] if node.op_type == "Div" else inputs
    if len(inputs) != 2 or not any(is_size(value) for value in asked):
        return {"factor": "nothing"}
    others = [value for value in inputs if not is_size(value)]
    if not others:
        return {"factor": "sizes"}
    return {"factor": "size" if others[0] is not None and not others[0].fixed else "size of fixed"}


PATTERN = StructuralPattern(
    frozenset({"Mul", "Div"}),
    {"factor": "nothing"},
    judge=_judge,
    own=True,
)
