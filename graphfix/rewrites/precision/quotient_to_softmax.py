"""Exp(x) / ReduceSum(Exp(x), axis) = Softmax(x, axis)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, axes_of, last
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety

COERCES_BELOW = 13
"""The opset below which Softmax takes a matrix, of all axes before and from its axis on."""
HEAD = "e = Exp(x)  s = ReduceSum(e)  "


class QuotientToSoftmax(PatternRewrite):
    """Write a quotient of exponentials by their sum as the softmax that it is.

    Why: exp(x) overflows float16 from x = 11.1 and float32 from 88.7; a softmax subtracts the largest
    value first, so that no exponential is larger than 1.
    """

    name = "quotient-to-softmax"
    safety = Safety.EXACT
    ulps = 64
    differs_at = ("large", "inf")
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "quotient": [Pattern(HEAD + "y = Div(e, s)")],
        "product": [Pattern(HEAD + "r = Reciprocal(s)  y = Mul(e, r)")],
    }  # fmt: skip
    before = """e = Exp(x)
                s = ReduceSum<keepdims = 1>(e, axes)
                y = Div(e, s)"""
    after = "y = Softmax(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 5] y) <int64[1] a = {-1}> {
                 e = Exp(x)
                 s = ReduceSum(e, a)
                 y = Div(e, s) }""",
            ops=("Softmax",),
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[2, 3, 4] x) => (float[2, 3, 4] y) {
                 e = Exp(x)
                 s = ReduceSum<axes = [2]>(e)
                 r = Reciprocal(s)
                 y = Mul(e, r) }""",
            ops=("Softmax",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 3] x) => (float[3, 3] y) <int64[1] a = {-1}> {
                 e = Exp(x)
                 s = ReduceSum<keepdims = 0>(e, a)
                 y = Div(e, s) }""",
            because="the sum has fewer dims than what it divides",
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[2, 3, 4] x) => (float[2, 3, 4] y) {
                 e = Exp(x)
                 s = ReduceSum<axes = [1]>(e)
                 y = Div(e, s) }""",
            because="Softmax of opset 11 is over all axes from one on",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 4] x) => (float[2, 3, 4] y) <int64[2] a = {1, 2}> {
                 e = Exp(x)
                 s = ReduceSum(e, a)
                 y = Div(e, s) }""",
            because="the sum is not over one axis",
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        total, value = found.nodes["s"], surgery.value(found["x"])
        axes, label = axes_of(surgery, total), surgery.label(surgery.key(found.nodes["y"]))
        if axes is None or value is None or value.rank is None:
            return False
        if not total.attrs.get("keepdims", 1):
            return Declined("the sum has fewer dims than what it divides", at=label)
        if len(axes) != 1:
            return Declined("the sum is not over one axis", at=label)
        axis = axes[0] % value.rank
        if surgery.opset < COERCES_BELOW and axis != value.rank - 1:
            return Declined(f"Softmax of opset {surgery.opset} is over all axes from one on", at=label)
        last(build, found, "Softmax", found["x"], axis=axis)
        return True
