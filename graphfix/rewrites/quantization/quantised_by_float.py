"""QLinearConv(x, w) ~ QuantizeLinear(Conv(DequantizeLinear(x), float(w))): the float operator between two roundings."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewrites.quantization.numerics import dequantised
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

OPERATORS = ("QLinearConv", "QLinearMatMul")


class QuantisedByFloat(BuiltRewrite):
    """Write a quantised Conv or MatMul as the float operator with its operands read back and its result quantised.

    Why: the operator form is what mobile converters of old wrote; compilers of today read quantised graphs, if at all, as
    pairs around float operators. The sum is rounded elsewhere, so a result may be off by one quantum.
    """

    name = "quantised-by-float"
    safety = Safety.APPROXIMATE
    needs_opset = 10
    rtol = 0.02
    atol = 0.1
    fixes = tuple(FixRule(op) for op in OPERATORS)
    ops = OPERATORS[1:]
    before = "y = QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b)"
    after = """fx = DequantizeLinear(x, xs, xz)
               fy = Conv(fx, fw, fb)
               y = QuantizeLinear(fy, ys, yz)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 1, 4, 4] x) => (float[N, 2, 3, 3] d)
               <float xs = {0.02}, uint8 xz = {10}, int8[2, 1, 2, 2] w = {1, 20, -3, 4, 5, -60, 7, 8},
                float[2] ws = {0.02, 0.05}, int8[2] wz = {0, 0}, float ys = {0.05}, uint8 yz = {128}, int32[2] b = {10, -500}> {
                 y = QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b)
                 d = DequantizeLinear(y, ys, yz) }""",
            ops=("DequantizeLinear", "Conv", "QuantizeLinear", "DequantizeLinear"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 2] a, uint8[2, 3] b) => (float[N, 3] d)
               <float s = {0.02}, uint8 z = {10}> {
                 y = QLinearMatMul(a, s, z, b, s, z, s, z)
                 d = DequantizeLinear(y, s, z) }""",
            ops=("DequantizeLinear", "DequantizeLinear", "MatMul", "QuantizeLinear", "DequantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 12]>
               g (uint8[1, 1, 4] x, int8[1, 1, 2] w, float[1] ws, int8[1] wz) => (uint8[1, 1, 3] y)
               <float xs = {0.02}, uint8 xz = {10}, float ys = {0.05}, uint8 yz = {128}, int32[1] b = {10}> {
                 y = QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b) }""",
            because="its bias is scaled by numbers that are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        conv = draft.node.op == "QLinearConv"
        bias, scales = draft.known(8), (draft.known(1), draft.known(4))
        if draft.has(8) and (bias is None or scales[0] is None or scales[1] is None):
            return "its bias is scaled by numbers that are not known"
        operands = [_read(draft, 0, 0), _read(draft, 3, 0 if conv else 1)]
        if "" in operands:
            return f"`{draft.node.inputs[3].name}` has a scale for each channel, which opset {draft.surgery.opset} cannot read"
        if bias is not None and scales[0] is not None and scales[1] is not None:
            scale: Any = scales[0].astype(np.float32).reshape(()) * scales[1].astype(np.float32)
            operands.append(draft.constant(dequantised(bias, np.asarray(scale), None, 0)))
        attrs = dict(draft.node.attrs) if conv else {}
        made = draft.op("Conv" if conv else "MatMul", *operands, **attrs)
        draft.give(draft.op("QuantizeLinear", made, "in6", "in7"))
        return None


def _read(draft: ReplacementBuilder, place: int, axis: int) -> str:
    """An operand as floats: a constant where it is one; empty where it cannot be read."""
    arrays = [draft.known(place + i) for i in range(3)]
    if arrays[0] is not None and arrays[1] is not None and arrays[2] is not None:
        return draft.constant(dequantised(arrays[0], arrays[1], arrays[2], axis))
    rank = draft.shape(place + 1)
    if rank is None or len(rank) == 0 or rank == (1,):
        return draft.op("DequantizeLinear", *(f"in{place + i}" for i in range(3)))
    if draft.surgery.opset < 13:
        return ""
    return draft.op("DequantizeLinear", *(f"in{place + i}" for i in range(3)), axis=axis)
