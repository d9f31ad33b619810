"""QGemm(a, b, c) = QuantizeLinear(alpha as bs / ys ((a - az) (b - bz) + c), 1, yz), and com.microsoft's QLinearConv by Conv."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.quantization.quantised_sums_by_float import KERNEL, SCALES, QuantisedSumsByFloat
from graphfix.rewriting.rewrite import Case, FixRule

CONTRIB = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
ROWS = "int8[3, 2] b = {1, -20, 30, 4, -50, 60}, float bs = {0.01}, int8 bz = {1}"


class ContribSumsByFloat(QuantisedSumsByFloat):
    """Write onnxruntime's QGemm and its QLinearConv as products of whole numbers in floats, scaled and rounded as it does.

    Why: only onnxruntime has these operators. Where the weights bound the sums below 2^24, the result is the same to the
    last bit.
    """

    name = "contrib-sums-by-float"
    fixes = (FixRule("QGemm"), FixRule("QLinearConv"))
    ops = ("QLinearConv",)
    before = "y = com.microsoft.QGemm(a, as, az, b, bs, bz, c, ys, yz)"
    after = """fa = Cast<to = 1>(a)
               shifted = Sub(fa, faz)
               sums = MatMul(shifted, fb)
               moved = Add(sums, fc)
               scaled = Mul(moved, by)
               y = QuantizeLinear(scaled, one, yz)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{CONTRIB} (uint8[N, 4, 4, 1] a) => (uint8[N, 3, 3, 2] y) <{SCALES}, {KERNEL}> {{
                 y = com.microsoft.QLinearConv<channels_last = 1>(a, s, z, b, bs, bz, o, w, c) }}""",
            ops=("Cast", "Sub", "Transpose", "Conv", "Mul", "Transpose", "QuantizeLinear"),
        ),
        Case(
            f"""{CONTRIB} (uint8[N, 3] a) => (uint8[N, 2] y)
               <{SCALES}, int8[2, 3] b = {{1, -20, 30, 4, -50, 60}}, float bs = {{0.01}}, int8 bz = {{1}},
                int32[2] c = {{100, -300}}> {{ y = com.microsoft.QGemm<transB = 1>(a, s, z, b, bs, bz, c, o, w) }}""",
            ops=("Cast", "Sub", "MatMul", "Add", "Mul", "QuantizeLinear"),
        ),
        Case(
            f"""{CONTRIB} (uint8[N, 3] a) => (float[N, 2] y)
               <{SCALES}, {ROWS}> {{
                 y = com.microsoft.QGemm<alpha = 0.5>(a, s, z, b, bs, bz) }}""",
            ops=("Cast", "Sub", "MatMul", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{CONTRIB} (uint8[N, 3] a) => (uint8[N, 2] y)
               <{SCALES}, {ROWS}> {{
                 y = com.microsoft.QGemm<transA = 1>(a, s, z, b, bs, bz, , o, w) }}""",
            because="it transposes its quantised input",
        ),
    )
