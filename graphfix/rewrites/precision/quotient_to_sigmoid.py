"""Exp(x) / (Exp(x) + 1) = Sigmoid(x)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, last
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety


class QuotientToSigmoid(PatternRewrite):
    """Write a quotient of exponentials as the sigmoid that it is.

    Why: exp(x) overflows float16 from x = 11.1 and float32 from 88.7, and the quotient of two infinities is NaN where the
    sigmoid is 1.
    """

    name = "quotient-to-sigmoid"
    safety = Safety.EXACT
    ulps = 64
    differs_at = ("large", "inf")
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "sigmoid": [Pattern("e = Exp(x)  a = Add(e, one)  y = Div(e, a)", {"one": 1.0})]
    }
    before = """e = Exp(x)
                a = Add(e, one)
                y = Div(e, a)"""
    after = "y = Sigmoid(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 5] y) <float one = {1.0}> {
                 e = Exp(x)
                 a = Add(e, one)
                 y = Div(e, a) }""",
            ops=("Sigmoid",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 5] x) => (float[3, 5] y) <float one = {1.0}> {
                 e = Exp(x)
                 a = Add(e, one)
                 y = Div(one, a) }"""
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        last(build, found, "Sigmoid", found["x"])
        return True
