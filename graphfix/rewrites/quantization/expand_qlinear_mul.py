"""QLinearMul(a, b) = QuantizeLinear((a - az) (b - bz) (as bs / ys) + yz, 1, 0), as onnxruntime computes it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
SCALES = "float s = {0.5}, float t = {0.3}, float o = {0.1}, uint8 z = {3}, uint8 w = {5}"


class ExpandQlinearMul(BuiltRewrite):
    """Write onnxruntime's quantised product as a product of whole numbers in floats, scaled and rounded as it does.

    Why: hardly another compiler has QLinearMul. onnxruntime multiplies by one scale made of three, and adds the zero point
    before it rounds: the result is the same to the last bit.
    """

    name = "expand-qlinear-mul"
    safety = Safety.EXACT
    needs_opset = 10
    dtypes = ("uint8", "int8")
    fixes = (FixRule("QLinearMul"),)
    before = "y = com.microsoft.QLinearMul(a, as, az, b, bs, bz, ys, yz)"
    after = """fa = Cast<to = 1>(a)
               one = Sub(fa, faz)
               fb = Cast<to = 1>(b)
               other = Sub(fb, fbz)
               product = Mul(one, other)
               scaled = Mul(product, by)
               moved = Add(scaled, fyz)
               y = QuantizeLinear(moved, unit, nought)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4] a, uint8[4] b) => (uint8[N, 4] y) <{SCALES}> {{
                 y = com.microsoft.QLinearMul(a, s, z, b, t, w, o, w) }}""",
            ops=("Cast", "Cast", "Sub", "Sub", "Mul", "Mul", "Add", "QuantizeLinear"),
        ),
        Case(
            f"""{HEAD} (int8[N, 4] a) => (int8[N, 4] y)
               <{SCALES}, int8[4] b = {{7, -9, 127, -128}}, int8 u = {{-3}}> {{
                 y = com.microsoft.QLinearMul(a, s, u, b, t, u, o, u) }}""",
            ops=("Cast", "Sub", "Mul", "Mul", "Add", "QuantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4] a, uint8[4] b, float s, uint8 z) => (uint8[N, 4] y) {{
                 y = com.microsoft.QLinearMul(a, s, z, b, s, z, s, z) }}""",
            because="its scales and zero points are not constants",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if any(draft.has(index) and draft.known(index) is None for index in (1, 2, 4, 5, 6, 7)):
            return "its scales and zero points are not constants"
        one, other, result = (np.asarray(draft.known(index), np.float32).reshape(()) for index in (1, 4, 6))
        product = draft.op("Mul", _shifted(draft, 0), _shifted(draft, 3))
        moved = draft.op("Mul", product, draft.constant(one * other / result, np.float32))
        if zero := _zero(draft, 7):
            moved = draft.op("Add", moved, draft.constant(zero, np.float32))
        draft.give(draft.op("QuantizeLinear", moved, draft.constant(1, np.float32), draft.constant(0, np.dtype(draft.dtype()))))
        return None


def _zero(draft: ReplacementBuilder, index: int) -> int:
    known = draft.known(index)
    return 0 if known is None else int(known.reshape(()))


def _shifted(draft: ReplacementBuilder, index: int) -> str:
    """Return an operand less its zero point, as floats."""
    known, zero = draft.known(index), _zero(draft, index + 2)
    if known is not None:
        return draft.constant(known.astype(np.float32) - np.float32(zero))
    made = draft.cast(draft.inputs[index], "float32")
    return draft.op("Sub", made, draft.constant(zero, np.float32)) if zero else made
