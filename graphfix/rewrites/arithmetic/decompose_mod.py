"""Mod<fmod = 1>(a, b) = a - trunc(a / b) * b, and with fmod = 0 plus b where that is neither 0 nor of b's sign."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeMod(BuiltRewrite):
    """Write Mod of integers as the remainder of a truncated division.

    Why: some compilers support Mod with fmod only, others only without; integer Div truncates towards zero in both.
    For floats see `mod-by-floor`, which is not exact.
    """

    name = "decompose-mod"
    safety = Safety.EXACT
    needs_opset = 10
    dtypes = ("int32", "int64", "uint32", "uint64")
    fixes = (FixRule("Mod"),)
    before = "y = Mod(a, b)"
    after = """quotient = Div(a, b)
               whole = Mul(quotient, b)
               y = Sub(a, whole)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int64[N, 9] a) => (int64[N, 9] y) <int64 b = {3}> {
                 y = Mod<fmod = 1>(a, b) }""",
            ops=("Div", "Mul", "Sub"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (int32[N, 9] y) <int32 b = {-3}, float k = {9}> {
                 wide = Mul(x, k)
                 a = Cast<to = 6>(wide)
                 y = Mod(a, b) }""",
            ops=("Mul", "Cast", "Div", "Mul", "Sub", "Mul", "Add", "Less", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3] a, float[3] b) => (float[3] y) { y = Mod<fmod = 1>(a, b) }""",
            because="`a` is float32, not int32 or int64 or uint32 or uint64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        a, b = draft.inputs
        rest = draft.op("Sub", a, draft.op("Mul", draft.op("Div", a, b), b))
        if not draft.attribute("fmod", 0) and draft.dtype().startswith("int"):
            opposed = draft.op("Less", draft.op("Mul", rest, b), draft.number(0))
            rest = draft.op("Where", opposed, draft.op("Add", rest, b), rest)
        draft.give(rest)
        return None
