"""Mod<fmod = 1>(a, b) = sign(a) * (|a| - floor(|a| / b) * b) for a power of two b, by which floats are divided exactly."""

from __future__ import annotations

from math import frexp
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class ModByExactFloor(BuiltRewrite):
    """Write the remainder of floats by 1, 2, 0.5 or another power of two as a rounded-down division, which is exact there.

    Why: vocoders wrap their phases by the remainder of 1, and compilers have Mod of integers, or without fmod, only.
    """

    name = "mod-by-exact-floor"
    safety = Safety.EXACT
    needs_opset = 10
    ulps = 0
    dtypes = FLOATS
    fixes = (FixRule("Mod"),)
    before = "y = Mod<fmod = 1>(a, one)"
    after = """size = Abs(a)
               whole = Floor(size)
               rest = Sub(size, whole)
               negative = Less(a, zero)
               other = Neg(rest)
               y = Where(negative, other, rest)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (float[N, 9] y) <float one = {1}, float k = {7}> {
                 a = Mul(x, k)
                 y = Mod<fmod = 1>(a, one) }""",
            ops=("Mul", "Abs", "Less", "Floor", "Sub", "Neg", "Where"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] a) => (float[N, 9] y) <float b = {-0.25}> {
                 y = Mod<fmod = 1>(a, b) }""",
            ops=("Abs", "Less", "Mul", "Floor", "Mul", "Sub", "Neg", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] a) => (float[3] y) <float b = {6.2831853}> {
                 y = Mod<fmod = 1>(a, b) }""",
            because="its divisor is not known to be a power of two",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] a, float b) => (float[3] y) { y = Mod<fmod = 1>(a, b) }""",
            because="its divisor is not known to be a power of two",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        divisor, a = draft.known(1), draft.inputs[0]
        if divisor is None or divisor.size != 1 or not _is_binary(abs(float(divisor.reshape(())))):
            return "its divisor is not known to be a power of two"
        step, zero = abs(float(divisor.reshape(()))), draft.number(0)
        size = draft.op("Abs", a)
        if step == 1:
            whole = draft.op("Floor", size)
        else:
            whole = draft.op("Mul", draft.op("Floor", draft.op("Mul", size, draft.number(1 / step))), draft.number(step))
        rest = draft.op("Sub", size, whole)
        draft.give(draft.op("Where", draft.op("Less", a, zero), draft.op("Neg", rest), rest))
        return None


def _is_binary(step: float) -> bool:
    """Whether a number is a power of two, and its reciprocal a number of every float dtype."""
    return frexp(step)[0] == 0.5 and 2**-10 <= step <= 2**10
