"""QGemm(a, b, c) ~ QuantizeLinear(alpha a' b' + alpha as bs c) of the floats read back, and QLinearConv by Conv."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewrites.quantization.channels import channels_first, channels_last
from graphfix.rewrites.quantization.numerics import Array, dequantised
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
SCALES = "float s = {0.02}, uint8 z = {120}, float o = {0.05}, uint8 w = {100}"
BIAS = {"QGemm": 6, "QLinearConv": 8}
RESULT = {"QGemm": (7, 8), "QLinearConv": (6, 7)}


class ContribLayerByFloat(BuiltRewrite):
    """Write onnxruntime's QGemm and its QLinearConv as Gemm and Conv with the operands read back and the result quantised.

    Why: only onnxruntime has these operators. The sum is rounded elsewhere, so a result may be off by one quantum.
    """

    name = "contrib-layer-by-float"
    safety = Safety.APPROXIMATE
    needs_opset = 10
    rtol = 0.02
    atol = 0.1
    fixes = tuple(FixRule(op) for op in BIAS)
    ops = ("QLinearConv",)
    before = "y = com.microsoft.QGemm(a, a_scale, a_zero, b, b_scale, b_zero, c, y_scale, y_zero)"
    after = """fa = DequantizeLinear(a, a_scale, a_zero)
               fy = Gemm(fa, fb, fc)
               y = QuantizeLinear(fy, y_scale, y_zero)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 3] a) => (float[N, 2] y)
               <{SCALES}, int8[3, 2] b = {{1, -20, 30, 4, -50, 60}}, float bs = {{0.01}}, int8 bz = {{1}},
                int32[2] c = {{100, -300}}> {{
                 q = com.microsoft.QGemm(a, s, z, b, bs, bz, c, o, w)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "Gemm", "QuantizeLinear", "DequantizeLinear"),
        ),
        Case(
            f"""{HEAD} (uint8[N, 3] a) => (float[N, 2] y)
               <{SCALES}, int8[2, 3] b = {{1, -20, 30, 4, -50, 60}}, float[2] bs = {{0.01, 0.02}}, int8[2] bz = {{0, 0}},
                int32[2] c = {{100, -300}}> {{ y = com.microsoft.QGemm<transB = 1, alpha = 0.5>(a, s, z, b, bs, bz, c) }}""",
            ops=("DequantizeLinear", "Gemm"),
        ),
        Case(
            f"""{HEAD} (uint8[N, 4, 4, 1] a) => (float[N, 3, 3, 2] y)
               <{SCALES}, int8[2, 1, 2, 2] b = {{1, 20, -3, 4, 5, -60, 7, 8}}, float[2] bs = {{0.02, 0.05}},
                int8[2] bz = {{0, 0}}, int32[2] c = {{10, -500}}> {{
                 q = com.microsoft.QLinearConv<channels_last = 1>(a, s, z, b, bs, bz, o, w, c)
                 y = DequantizeLinear(q, o, w) }}""",
            ops=("DequantizeLinear", "Transpose", "Conv", "Transpose", "QuantizeLinear", "DequantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 3] a, int8[3, 2] b) => (float[N, 2] y) <{SCALES}, float bs = {{0.01}}, int8 bz = {{1}}> {{
                 y = com.microsoft.QGemm(a, s, z, b, bs, bz) }}""",
            because="its weight `b`, or what scales it, is not a constant",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, rank = draft.node.op, len(draft.shape() or ())
        weight, scale, zero, by = draft.known(3), draft.known(4), draft.known(5), draft.known(1)
        if weight is None or scale is None or by is None or (zero is None and draft.has(5)):
            return f"its weight `{draft.node.inputs[3].name}`, or what scales it, is not a constant"
        given = {name: value for name, value in draft.node.attrs.items() if name not in ("channels_last", "alpha")}
        alpha = float(draft.attribute("alpha", 1.0))
        side = 0 if op == "QLinearConv" or draft.attribute("transB", 0) else 1
        operands = [draft.op("DequantizeLinear", *draft.inputs[: 3 if draft.has(2) else 2])]
        operands.append(draft.constant(dequantised(weight, scale, zero, side)))
        if draft.has(BIAS[op]):
            bias = draft.known(BIAS[op])
            if bias is None:
                return f"its bias `{draft.node.inputs[BIAS[op]].name}` is not a constant"
            operands.append(draft.constant(_bias(bias, alpha * by.astype(np.float32) * scale.astype(np.float32))))
        last = bool(draft.attribute("channels_last", 0)) and op == "QLinearConv"
        if last and rank < 3:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        if last:
            operands[0] = channels_first(draft, operands[0], rank)
        if op == "QGemm" and alpha != 1:
            given["alpha"] = alpha
        made = draft.op("Conv" if op == "QLinearConv" else "Gemm", *operands, **given)
        if last:
            made = channels_last(draft, made, rank)
        result = [draft.inputs[index] for index in RESULT[op] if draft.has(index)]
        draft.give(draft.op("QuantizeLinear", made, *result) if result else made)
        return None


def _bias(bias: Array, scale: Any) -> Array:
    return np.asarray(bias.astype(np.float32) * np.asarray(scale, np.float32).reshape(-1), np.float32).reshape(bias.shape)
