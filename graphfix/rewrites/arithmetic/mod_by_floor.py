"""Mod<fmod = 1>(a, b) ~ sign(a) * (|a| - floor(|a| / |b|) * |b|), and with fmod = 0 a - floor(a / b) * b, of floats."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class ModByFloor(BuiltRewrite):
    """Write Mod of floats as the remainder of a rounded-down division.

    Why: a compiler may support Mod with fmod only, without it only, or of integers only. The quotient is rounded: the
    larger it is, the fewer digits of the remainder are exact. A quotient rounded past an integer is corrected.
    """

    name = "mod-by-floor"
    safety = Safety.APPROXIMATE
    needs_opset = 10
    rtol = 1e-4
    atol = 1e-5
    dtypes = FLOATS
    fixes = (FixRule("Mod"),)
    before = "y = Mod<fmod = 1>(a, b)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] a, float[9] b) => (float[N, 9] y) <float one = {1}> {
                 size = Abs(b)
                 apart = Add(size, one)
                 y = Mod<fmod = 1>(a, apart) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] a) => (float[N, 9] y) <float b = {-0.75}> {
                 y = Mod<fmod = 1>(a, b) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int32[3] a, int32[3] b) => (int32[3] y) { y = Mod(a, b) }""",
            because="`a` is int32, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        a, b = draft.inputs
        zero = draft.number(0)
        if not draft.attribute("fmod", 0):
            draft.give(draft.op("Sub", a, draft.op("Mul", draft.op("Floor", draft.op("Div", a, b)), b)))
            return None
        size, step = draft.op("Abs", a), draft.op("Abs", b)
        rest = draft.op("Sub", size, draft.op("Mul", draft.op("Floor", draft.op("Div", size, step)), step))
        rest = draft.op("Where", draft.op("Less", rest, zero), draft.op("Add", rest, step), rest)
        rest = draft.op("Where", draft.op("Less", rest, step), rest, draft.op("Sub", rest, step))
        draft.give(draft.op("Where", draft.op("Less", a, zero), draft.op("Neg", rest), rest))
        return None
