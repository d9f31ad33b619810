"""Log(Exp(x) + 1) = Relu(x) + Log(Exp(-|x|) + 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, last
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety


class SoftplusByMax(PatternRewrite):
    """Compute a softplus that is written as elementary operators from the exponential of -|x|.

    Why: exp(x) overflows float16 from x = 11.1 and float32 from 88.7, where softplus is x itself; exp(-|x|) is at most 1.
    """

    name = "softplus-by-max"
    safety = Safety.EXACT
    ulps = 64
    differs_at = ("large",)
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {
        "softplus": [Pattern("e = Exp(x)  a = Add(e, one)  y = Log(a)", {"one": 1.0})]
    }
    before = """e = Exp(x)
                a = Add(e, one)
                y = Log(a)"""
    after = """m = Abs(x)
               n = Neg(m)
               e = Exp(n)
               a = Add(e, one)
               l = Log(a)
               r = Relu(x)
               y = Add(l, r)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 5] y) <float one = {1.0}> {
                 e = Exp(x)
                 a = Add(e, one)
                 y = Log(a) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 5] x) => (float[3, 5] y) <float two = {2.0}> {
                 e = Exp(x)
                 a = Add(e, two)
                 y = Log(a) }"""
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        data = found["x"]
        if data.inputs and data.inputs[0].op == "Neg" and data.inputs[0].inputs[0].inputs:
            maker = data.inputs[0].inputs[0].inputs[0]
            if maker.op == "Abs":
                return False
        powers = build.op("Exp", build.op("Neg", build.op("Abs", data)))
        logarithm = build.op("Log", build.op("Add", powers, found["one"]))
        last(build, found, "Add", logarithm, build.op("Relu", data))
        return True
