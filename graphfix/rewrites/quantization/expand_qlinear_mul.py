"""QLinearMul(a, b) ~ QuantizeLinear(DequantizeLinear(a) * DequantizeLinear(b)): a product in floats, rounded once."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.quantization.expand_qlinear import ExpandQlinear
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""


class ExpandQlinearMul(ExpandQlinear):
    """Write onnxruntime's quantised product as Mul between DequantizeLinear and QuantizeLinear.

    Why: hardly another compiler has QLinearMul. onnxruntime multiplies by one scale made of three, so that one product
    in a hundred falls to the other side of a rounding: a result may be off by one quantum.
    """

    name = "expand-qlinear-mul"
    safety = Safety.APPROXIMATE
    rtol = 0.02
    atol = 0.1
    ops = ()
    fixes = (FixRule("QLinearMul"),)
    before = "y = com.microsoft.QLinearMul(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero)"
    after = """one = DequantizeLinear(a, a_scale, a_zero)
               other = DequantizeLinear(b, b_scale, b_zero)
               product = Mul(one, other)
               y = QuantizeLinear(product, y_scale, y_zero)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4] a, uint8[4] b) => (float[N, 4] y)
               <float s = {{0.5}}, float t = {{0.25}}, float o = {{0.125}}, uint8 z = {{3}}, uint8 w = {{5}}> {{
                 q = com.microsoft.QLinearMul(a, s, z, b, t, w, o, w)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "DequantizeLinear", "Mul", "QuantizeLinear", "DequantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 4] a, uint8[4] b, float s, uint8 z) => (uint8[N, 4] y) {{
                 y = com.microsoft.QLinearAdd(a, s, z, b, s, z, s, z) }}""",
        ),
    )
