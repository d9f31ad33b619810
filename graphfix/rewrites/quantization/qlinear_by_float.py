"""QLinearSoftmax(x) ~ QuantizeLinear(Softmax(DequantizeLinear(x))), and so for every operator of the kind: one rounding."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.quantization.expand_qlinear import KINDS, ExpandQlinear
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
SCALES = "float s = {0.02}, float o = {0.03}, uint8 z = {120}, uint8 w = {100}"


class QlinearByFloat(ExpandQlinear):
    """Write onnxruntime's quantised operators as the plain one between two roundings, where a result may be off by one quantum.

    Why: onnxruntime reads some of these operators from tables and sums in integers, so that one result in ten falls to the
    other side of a rounding. Where none does, expand-qlinear comes first.
    """

    name = "qlinear-by-float"
    safety = Safety.APPROXIMATE
    rtol = 0.02
    atol = 0.1
    ops = KINDS[1:]
    fixes = tuple(FixRule(op) for op in KINDS)
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4] a) => (float[N, 4] y) <{SCALES}> {{
                 q = com.microsoft.QLinearSoftmax<axis = 1, opset = 13>(a, s, z, o, w)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "Softmax", "QuantizeLinear", "DequantizeLinear"),
        ),
        Case(
            f"""{HEAD} (uint8[N, 2, 4, 4] a) => (float[N, 2, 2, 2] y) <{SCALES}> {{
                 q = com.microsoft.QLinearAveragePool<kernel_shape = [2, 2], strides = [2, 2]>(a, s, z, o, w)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "AveragePool", "QuantizeLinear", "DequantizeLinear"),
        ),
        Case(
            f"""{HEAD} (uint8[N, 4, 4, 2] a) => (float[N, 2, 2, 2] y) <{SCALES}> {{
                 q = com.microsoft.QLinearAveragePool<channels_last = 1, kernel_shape = [3, 3]>(a, s, z, o, w)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "Transpose", "AveragePool", "Transpose", "QuantizeLinear", "DequantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[1, 4] a) => (uint8[1, 4] y) <{SCALES}> {{
                 y = com.microsoft.QLinearSoftmax<axis = 1, opset = 11>(a, s, z, o, w) }}""",
            because="its axis is that of a softmax before opset 13",
        ),
    )
