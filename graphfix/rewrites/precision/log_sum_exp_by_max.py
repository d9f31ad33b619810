"""Log(ReduceSum(Exp(x))) = max + Log(ReduceSum(Exp(x - max)))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphfix.rewrites.precision.pattern_rewrite import PatternRewrite, axes_of, behind, last, reduce
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import Found, Pattern
from graphfix.rewriting.rewrite import Case, Declined, Safety


class LogSumExpByMax(PatternRewrite):
    """Subtract the largest value before the exponentials of a logarithm of a sum, and add it behind.

    Why: exp(x) overflows float16 from x = 11.1 and float32 from 88.7; exp(x - max) is at most 1, and the sum's logarithm
    is as large as x itself.
    """

    name = "log-sum-exp-by-max"
    safety = Safety.APPROXIMATE
    rtol = 1e-5
    atol = 1e-6
    """Rounding alone: the factor cancels."""
    patterns: ClassVar[Mapping[str, Sequence[Pattern]]] = {"log": [Pattern("e = Exp(x)  s = ReduceSum(e)  y = Log(s)")]}
    before = """e = Exp(x)
                s = ReduceSum(e, axes)
                y = Log(s)"""
    after = """m = ReduceMax(x, axes)
               d = Sub(x, m)
               e = Exp(d)
               s = ReduceSum(e, axes)
               l = Log(s)
               y = Add(l, m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[N, 1] y) <int64[1] a = {-1}> {
                 e = Exp(x)
                 s = ReduceSum(e, a)
                 y = Log(s) }""",
            ops=("ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3, 4] x) => (float[2] y) <int64[2] a = {1, 2}> {
                 e = Exp(x)
                 s = ReduceSum<keepdims = 0>(e, a)
                 y = Log(s) }""",
            ops=("ReduceMax", "ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 5] x) => (float[3, 1] y) <int64[1] a = {-1}> {
                 m = ReduceMax<axes = [-1]>(x)
                 d = Sub(x, m)
                 e = Exp(d)
                 s = ReduceSum(e, a)
                 y = Log(s) }"""
        ),
    )

    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        total, data = found.nodes["s"], found["x"]
        axes, keepdims = axes_of(surgery, total), int(total.attrs.get("keepdims", 1))
        if axes is None or behind(data, ("ReduceMax",), 2):
            return False
        largest = reduce(build, surgery, "ReduceMax", data, axes)
        added = largest if keepdims else reduce(build, surgery, "ReduceMax", data, axes, keepdims=0)
        powers = build.op("Exp", build.op("Sub", data, largest))
        summed = reduce(build, surgery, "ReduceSum", powers, axes, keepdims=keepdims)
        last(build, found, "Add", build.op("Log", summed), added)
        return True
