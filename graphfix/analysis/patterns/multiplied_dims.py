"""Operands with dynamic dims that are multiples, such as `16*n`, which are not 1 where every dynamic dim is.

A converter that works out products for a runtime which loads a model with 1 for dynamic dims writes that 1 into the shapes
before an Einsum; the data that it gets then has more elements. Behind a Split it leaves the shapes to a run. For a Squeeze it
writes them where a Slice made what is squeezed.
"""

from __future__ import annotations

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.unit_dim_conflicts import unit
from graphfix.analysis.values import Value

OPS = frozenset({"Einsum", "Squeeze"})
THROUGH = frozenset({"Gather", "Identity", "Mul", "Neg", "Relu", "Reshape", "Slice", "Squeeze", "Transpose"})
"""Operators through which parts of a Split come to an Einsum."""
MOST_STEPS = 8
NO_EXTENTS: dict[str, DimExpr] = {}


def _find(context: Context) -> dict[int, Told]:
    """Return the nodes with a dynamic dim larger than 1 where all dims of the model's inputs are 1."""
    found: dict[int, Told] = {}
    for at in context.at(OPS):
        node = context.nodes[at]
        wide = [value for value in node.inputs if value is not None and _is_multiple(value)]
        if not wide:
            continue
        told = "parts" if all(_is_part(context, value) for value in wide) else "whole"
        if node.op == "Squeeze" and (maker := context.producer(wide[0].name)) is not None and maker.op == "Slice":
            told = "sliced"
        found[at] = {"multiples": told}
    return found


def _is_multiple(value: Value) -> bool:
    return any(isinstance(dim, str) and (unit(dim, NO_EXTENTS) or 0) > 1 for dim in value.shape or ())


def _is_part(context: Context, value: Value) -> bool:
    """Whether a value is a part of a Split, or made of one."""
    name = value.name
    for _ in range(MOST_STEPS):
        maker = context.producer(name)
        if maker is None or maker.domain or maker.op not in {*THROUGH, "Split"} or maker.inputs[0] is None:
            return False
        if maker.op == "Split":
            return True
        name = maker.inputs[0].name
    return False


PATTERN = StructuralPattern(
    OPS,
    {"multiples": "none"},
    _find,
    kind="dynamic",
    loading=True,
)
