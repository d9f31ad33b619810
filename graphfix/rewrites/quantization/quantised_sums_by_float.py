"""QLinearConv(x, w) = QuantizeLinear(xs ws / ys Conv(x - xz, w - wz), 1, yz), while every sum is a whole number below 2^24."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphfix.rewrites.quantization.channels import channels_first, channels_last
from graphfix.rewrites.quantization.numerics import WHOLE, Array, largest_sum, limits
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

PLAIN = """<ir_version: 8, opset_import: ["" : 13]> g"""
SCALES = "float s = {0.02}, uint8 z = {120}, float o = {0.05}, uint8 w = {100}"
KERNEL = """int8[2, 1, 2, 2] b = {1, 20, -3, 4, 5, -60, 7, 8}, float[2] bs = {0.02, 0.05}, int8[2] bz = {0, 0},
            int32[2] c = {10, -500}"""


@dataclass(frozen=True, slots=True)
class Places:
    """The operands of a quantised layer: its bias, if it can have one, and the scale and the zero point of its result."""

    bias: int | None
    scale: int
    zero: int


PLACES = {"QLinearConv": Places(8, 6, 7), "QLinearMatMul": Places(None, 6, 7), "QGemm": Places(6, 7, 8)}


class QuantisedSumsByFloat(BuiltRewrite):
    """Write a quantised Conv or MatMul as the operator on whole numbers in floats, scaled and rounded as onnxruntime does.

    Why: few compilers read the operator form of quantised layers. Whole numbers below 2^24 are floats, and so are their sums:
    where the weights bound the sums below that, the result is the same to the last bit.
    """

    name = "quantised-sums-by-float"
    safety = Safety.EXACT
    needs_opset = 10
    dtypes = ("uint8", "int8")
    fixes = (FixRule("QLinearConv"), FixRule("QLinearMatMul"))
    ops = ("QLinearMatMul",)
    before = "y = QLinearConv(x, xs, xz, w, ws, wz, ys, yz, b)"
    after = """fx = Cast<to = 1>(x)
               shifted = Sub(fx, fxz)
               sums = Conv(shifted, fw, fb)
               scaled = Mul(sums, by)
               y = QuantizeLinear(scaled, one, yz)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{PLAIN} (uint8[N, 1, 4, 4] a) => (uint8[N, 2, 3, 3] y) <{SCALES}, {KERNEL}> {{
                 y = QLinearConv(a, s, z, b, bs, bz, o, w, c) }}""",
            ops=("Cast", "Sub", "Conv", "Mul", "QuantizeLinear"),
        ),
        Case(
            f"""{PLAIN} (uint8[N, 3] a) => (uint8[N, 2] y)
               <{SCALES}, int8[3, 2] b = {{1, -20, 30, 4, -50, 60}}, float[2] bs = {{0.01, 0.02}}, int8[2] bz = {{0, 0}}> {{
                 y = QLinearMatMul(a, s, z, b, bs, bz, o, w) }}""",
            ops=("Cast", "Sub", "MatMul", "Mul", "QuantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{PLAIN} (uint8[N, 3] a, uint8[3, 2] b) => (uint8[N, 2] y) <{SCALES}> {{
                 y = QLinearMatMul(a, s, z, b, s, z, o, w) }}""",
            because="its weight `b`, or what scales it, is not a constant",
        ),
        Case(
            f"""{PLAIN} (uint8[N, 1, 4, 4] a) => (uint8[N, 1, 3, 3] y)
               <{SCALES}, int8[1, 1, 2, 2] b = {{1, 20, -3, 4}}, int8 bz = {{0}}, int32[1] c = {{20000000}}> {{
                 y = QLinearConv(a, s, z, b, s, bz, o, w, c) }}""",
            because="its sums may exceed what floats hold exactly",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, places, rank = draft.node.op, PLACES[draft.node.op], len(draft.shape() or ())
        if draft.attribute("transA", 0):
            return "it transposes its quantised input"
        if rank == 0:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        wanted = [index for index in (1, 2, 3, 4, 5, places.scale, places.zero) if draft.has(index)]
        if any(draft.known(index) is None for index in wanted):
            return f"its weight `{draft.node.inputs[3].name}`, or what scales it, is not a constant"
        weight = _weight(draft, op)
        bias = None if places.bias is None else draft.known(places.bias)
        if places.bias is not None and draft.has(places.bias) and bias is None:
            return f"its bias `{draft.node.inputs[places.bias].name}` is not a constant"
        zero = 0 if (known := draft.known(2)) is None else int(known.reshape(-1)[0])
        least, greatest = limits(draft.dtype())
        summed = tuple(range(1, weight.ndim)) if op == "QLinearConv" else (weight.ndim - 2,)
        if largest_sum(weight, summed, max(greatest - zero, zero - least), bias) >= WHOLE:
            return "its sums may exceed what floats hold exactly"
        operand = draft.cast("in0", "float32")
        if zero:
            operand = draft.op("Sub", operand, draft.constant(zero, np.float32))
        scaled = _layer(draft, op, operand, weight, bias, rank)
        result = [draft.inputs[places.zero]] if draft.has(places.zero) else []
        draft.give(
            draft.op("QuantizeLinear", scaled, draft.constant(1, np.float32), *result) if draft.has(places.scale) else scaled
        )
        return None


def _weight(draft: ReplacementBuilder, op: str) -> Array:
    """Return the weight less its zero point, in the layout of Conv or MatMul."""
    weight, zero = np.asarray(draft.known(3)).astype(np.float32), draft.known(5)
    if zero is not None:
        weight = weight - _along(
            zero.astype(np.float32), weight.ndim, 0 if op == "QLinearConv" or draft.attribute("transB", 0) else -1
        )
    return np.ascontiguousarray(weight.T) if draft.attribute("transB", 0) else weight


def _layer(draft: ReplacementBuilder, op: str, operand: str, weight: Array, bias: Array | None, rank: int) -> str:
    """Return the scaled sums, with the channels where the node has them."""
    scale, axis = _scale(draft, op), 1 if op == "QLinearConv" else -1
    last = bool(draft.attribute("channels_last", 0))
    by = draft.constant(scale if scale.size > 1 else scale.reshape(()))
    if op != "QLinearConv":
        made = draft.op("MatMul", operand, draft.constant(weight))
        made = made if bias is None else draft.op("Add", made, draft.constant(bias.astype(np.float32)))
        return draft.op("Mul", made, by)
    given = {name: value for name, value in draft.node.attrs.items() if name != "channels_last"}
    operands = [draft.constant(weight), *([] if bias is None else [draft.constant(bias.astype(np.float32))])]
    if last:
        operand = channels_first(draft, operand, rank)
    if scale.size > 1:
        by = draft.constant(_along(scale, rank, axis))
    made = draft.op("Mul", draft.op("Conv", operand, *operands, **given), by)
    return channels_last(draft, made, rank) if last else made


def _scale(draft: ReplacementBuilder, op: str) -> Array:
    """Return what turns sums into units of the result, in the order of operations that onnxruntime has."""
    one, other, result = (draft.known(index) for index in (1, 4, PLACES[op].scale))
    scale = np.asarray(one, np.float32).reshape(-1)[:1] * np.asarray(other, np.float32).reshape(-1)
    if op == "QGemm":
        scale = np.float32(draft.attribute("alpha", 1.0)) * np.asarray(one, np.float32).reshape(-1)[:1]
        scale = scale * np.asarray(other, np.float32).reshape(-1)
    return scale if result is None else np.asarray(scale / np.asarray(result, np.float32).reshape(-1)[:1], np.float32)


def _along(given: Array, rank: int, axis: int) -> Array:
    """Return one number, or a vector along an axis, to broadcast against this rank."""
    return given.reshape(()) if given.size == 1 else given.reshape([-1 if i == axis % rank else 1 for i in range(rank)])
