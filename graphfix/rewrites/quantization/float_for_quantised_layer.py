"""DynamicQuantizeLSTM(x, w, r) ~ LSTM(x, (w - z) s, (r - z) s), and DynamicQuantizeMatMul the same with MatMul."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
WEIGHTS = """float b = {0.1}, uint8[3, 2] w = {1, 2, 3, 4, 5, 250}, float ws = {0.01}, uint8 wz = {4}"""


class FloatForQuantisedLayer(BuiltRewrite):
    """Run onnxruntime's own dynamically quantised layers as the float layers they stand for.

    Why: these operators are one runtime's; every other rejects them. The weights keep the rounding they have.
    """

    name = "float-for-quantised-layer"
    safety = Safety.APPROXIMATE
    needs_opset = 11
    rtol = 0.1
    atol = 0.1
    fixes = tuple(FixRule(op) for op in ("DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"))
    ops = ("DynamicQuantizeMatMul", "MatMulIntegerToFloat")
    before = "Y, h, c = com.microsoft.DynamicQuantizeLSTM<hidden_size = 8>(X, W, R, B, l, h0, c0, P, ws, wz, rs, rz)"
    after = "Y, h, c = LSTM<hidden_size = 8>(X, FW, FR, B, l, h0, c0, P)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            HEAD
            + f"""(float[N, 3] x) => (float[N, 2] y) <{WEIGHTS}, float[2] bias = {{0.5, 1}}> {{
                 y = com.microsoft.DynamicQuantizeMatMul(x, w, ws, wz, bias) }}""",
            ops=("MatMul", "Add"),
        ),
        Case(
            HEAD
            + """(float[T, 1, 2] x) => (float[T, 1, 1, 1] y, float[1, 1, 1] last)
               <uint8[1, 2, 4] w = {1, 20, 30, 4, 5, 250, 7, 8}, uint8[1, 1, 4] r = {1, 20, 3, 40}, float[1] s = {0.01},
                uint8[1] z = {10}> {
                 y, last = com.microsoft.DynamicQuantizeLSTM<hidden_size = 1>(x, w, r, , , , , , s, z, s, z) }""",
            ops=("LSTM",),
        ),
        Case(
            HEAD
            + f"""(uint8[N, 3] x) => (float[N, 2] y) <{WEIGHTS}, float xs = {{0.02}}, uint8 xz = {{128}}> {{
                 y = com.microsoft.MatMulIntegerToFloat(x, w, xs, ws, xz, wz) }}""",
            ops=("DequantizeLinear", "MatMul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            HEAD
            + """(float[N, 3] x, uint8[3, 2] w, float ws) => (float[N, 2] y) {
                 y = com.microsoft.DynamicQuantizeMatMul(x, w, ws) }""",
            because="its weights are not constants",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.node.op == "DynamicQuantizeLSTM":
            return _lstm(draft)
        integer = draft.node.op == "MatMulIntegerToFloat"
        scale, zero, bias = (3, 5, 6) if integer else (2, 3, 4)
        weight = _floats(draft, 1, scale, zero)
        if weight is None:
            return "its weights are not constants"
        x = draft.op("DequantizeLinear", "in0", "in2", *(["in4"] if draft.has(4) else [])) if integer else "in0"
        if integer and draft.shape(2) not in ((), (1,)):
            return "its first operand has several scales"
        made = draft.op("MatMul", x, draft.constant(weight))
        draft.give(draft.op("Add", made, draft.inputs[bias]) if draft.has(bias) else made)
        return None


def _floats(draft: ReplacementBuilder, place: int, scale: int, zero: int) -> npt.NDArray[Any] | None:
    """A weight as floats, with one scale or one for each column."""
    weight, by = draft.known(place), draft.known(scale)
    shift = draft.known(zero) if draft.has(zero) else np.zeros((), np.int64)
    if weight is None or by is None or shift is None:
        return None
    if weight.ndim == 3:
        by, shift = (part.reshape(weight.shape[0], 1, -1) if part.size > 1 else part.reshape(()) for part in (by, shift))
    elif by.size == 1:
        by, shift = by.reshape(()), shift.reshape(()) if shift.size == 1 else shift
    return np.asarray((weight.astype(np.float32) - shift.astype(np.float32)) * by.astype(np.float32))


def _lstm(draft: ReplacementBuilder) -> str | None:
    """The weights stand the other way round: [directions, input, 4 hidden]."""
    w, r = _floats(draft, 1, 8, 9), _floats(draft, 2, 10, 11)
    if w is None or r is None:
        return "its weights are not constants"
    operands = list(draft.inputs[:8])
    for place, weight in ((1, w), (2, r)):
        operands[place] = draft.constant(np.ascontiguousarray(weight.transpose(0, 2, 1)))
    while not operands[-1]:
        operands.pop()
    made = draft.ops("LSTM", len(draft.node.outputs), *operands, **draft.node.attrs)
    for index, name in enumerate(made):
        if draft.wants(index):
            draft.give(name, index)
    return None
