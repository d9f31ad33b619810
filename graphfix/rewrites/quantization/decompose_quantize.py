"""QuantizeLinear(x, s, z) = Cast(Clip(Round(x / s) + float(z), least, most))."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.quantization.drop_quantization import refusal
from graphfix.rewrites.quantization.numerics import limits
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeQuantize(BuiltRewrite):
    """Quantise by a quotient, a rounding, a sum, limits and a cast.

    Why: compilers have QuantizeLinear only in front of DequantizeLinear, with zero points of zero, or not at all; a model that
    gives out quantised numbers, or reads them with an operator of integers, needs the rest. Pairs are rewritten together.
    """

    name = "decompose-quantize"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32",)
    differs_at = ("nan", "inf")
    fixes = (FixRule("QuantizeLinear"),)
    before = "q = QuantizeLinear(x, scale, zero)"
    after = """a = Div(x, scale)
               b = Round(a)
               c = Add(b, z)
               d = Clip(c, least, most)
               q = Cast<to = 2>(d)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (uint8[N, 3] q) <float s = {0.004}, uint8 z = {99}> {
                 q = QuantizeLinear(x, s, z) }""",
            ops=("Div", "Round", "Add", "Clip", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 3, 2] x) => (int8[2, 3, 2] q)
               <float[3] s = {0.5, 0.004, 2}, int8[3] z = {1, 0, -3}> { q = QuantizeLinear(x, s, z) }""",
            ops=("Div", "Round", "Add", "Clip", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (uint8[N, 3] q) <float s = {1}, float k = {300}> {
                 w = Mul(x, k)
                 q = QuantizeLinear(w, s) }""",
            ops=("Mul", "Round", "Clip", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float[N, 3] y)
               <float s = {0.004}, float t = {0.5}, uint8 z = {129}> {
                 q = QuantizeLinear(x, s, z)
                 y = DequantizeLinear(q, t, z) }""",
            ops=("Div", "Round", "Add", "Clip", "Cast", "DequantizeLinear"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x, float s, uint8 z) => (uint8[4] q) {
                 q = QuantizeLinear(x, s, z) }""",
            because="its scale and zero point are not constants",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (float[4] y) <float s = {0.25}, uint8 z = {7}> {
                 q = QuantizeLinear(x, s, z)
                 y = DequantizeLinear(q, s, z) }""",
            because="DequantizeLinear alone reads it, and is rewritten together with it",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        readers, graph = list(draft.node.outputs[0].outputs), next(iter(draft.surgery.graphs()))
        if readers and not draft.gives_out(0) and refusal(draft.surgery, graph, draft.node, readers) is None:
            return "DequantizeLinear alone reads it, and is rewritten together with it"
        scale, zero, rank = draft.known(1), draft.known(2), len(draft.shape() or ())
        if scale is None or (zero is None and draft.has(2)):
            return "its scale and zero point are not constants"
        if scale.ndim > 1 or (scale.size > 1 and not rank):
            return "it has a scale for each block, or an operand of unknown rank"
        dtype = np.dtype(np.uint8 if zero is None else zero.dtype)
        if dtype not in (np.dtype(np.uint8), np.dtype(np.int8)) or scale.dtype != np.float32:
            return "it is of another dtype than 8 bits and float32"
        dims = [-1 if place == int(draft.attribute("axis", 1)) % max(1, rank) else 1 for place in range(rank)]
        moved, result = (part.reshape(dims if part.size > 1 else ()) for part in (np.zeros(1) if zero is None else zero, scale))
        value = draft.inputs[0] if (result == 1).all() else draft.op("Div", draft.inputs[0], draft.constant(result, np.float32))
        value = draft.op("Round", value)
        if moved.any():
            value = draft.op("Add", value, draft.constant(moved, np.float32))
        least, most = limits(dtype)
        draft.give(draft.cast(draft.op("Clip", value, min=float(least), max=float(most)), dtype.name))
        return None
