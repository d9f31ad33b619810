"""Einsums whose operands differ in a dim of the same letter when dynamic dims are 1, with which some runtimes load a model.

Converters take few products of three operands: the one of linear attention, of queries, states and a scale, is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.unit_dim_conflicts import unit_shape
from graphfix.analysis.values import Value

SCALED = "abcd,acde,abc->abce"
"""The product of linear attention, its letters in the order of the alphabet."""


def _judge(node: NodeProto, inputs: Sequence[Value | None], extents: Mapping[str, DimExpr]) -> Told:
    """Whether dims of one letter differ, and which do not in the product of linear attention.

    Letters of an ellipsis, and dims that are not known, differ from nothing.
    """
    equation = str(attribute(node, "equation", "")).replace(" ", "")
    sizes: dict[str, set[int]] = {}
    for term, value in zip(equation.partition("->")[0].split(","), inputs, strict=False):
        if value is None or value.shape is None or len(value.shape) != len(term):
            continue
        for letter, size in zip(term, unit_shape(value.shape, extents), strict=True):
            if size is not None:
                sizes.setdefault(letter, set()).add(size)
    if any(len(found) > 1 for found in sizes.values()):
        return {"letters": "differ"}
    return {"letters": "scaled" if _in_order(equation) == SCALED else "fit"}


def _in_order(equation: str) -> str:
    """An equation with the letters of the alphabet in the order in which its own occur first."""
    names: dict[str, str] = {}
    return "".join(names.setdefault(one, chr(ord("a") + len(names))) if one.isalpha() else one for one in equation)


PATTERN = StructuralPattern(frozenset({"Einsum"}), {"letters": "fit"}, judge=_judge, kind="dynamic", own=True)
