"""How the shapes of a Where's operands differ when dynamic dims are 1: one kernel chooses by position, another one spreads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from onnx import NodeProto

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.unit_dim_conflicts import unit_shape
from graphfix.analysis.values import Value

USUAL = "alike"


def _judge(_node: NodeProto, inputs: Sequence[Value | None], extents: Mapping[str, DimExpr]) -> Told:
    """What differs from what: the data from each other, or from the condition; None where a shape is not known."""
    shapes = [None if value is None or value.shape is None else unit_shape(value.shape, extents) for value in inputs]
    if len(shapes) != 3 or any(shape is None or None in shape for shape in shapes):
        return {"chooses": None}
    condition, then, other = (tuple(size or 0 for size in shape or ()) for shape in shapes)
    if condition == then:
        return {"chooses": USUAL if then == other else "single" if prod(then) == 1 else "unlike else"}
    if len(condition) < 2 and then == other:
        return {"chooses": "by condition"}
    return {"chooses": "by rows" if len(condition) == 1 and condition == then[:1] else "spread"}


PATTERN = StructuralPattern(frozenset({"Where"}), {"chooses": USUAL}, judge=_judge, own=True)
