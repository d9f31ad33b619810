"""LpPool_p(x) = (sum |x|^p)^(1/p), the sum being the average of a window, pads counted, times its size."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.convolution.windows import padded, windows
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeLpPool(BuiltRewrite):
    """Write LpPool as powers around an average pool, and GlobalLpPool as powers around a sum.

    Why: hardly any compiler supports LpPool, and those that do not for every norm or pad.
    """

    name = "decompose-lp-pool"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    differs_at = ("nan", "inf")
    fixes = (FixRule("LpPool"), FixRule("GlobalLpPool"))
    ops = ("GlobalLpPool",)
    dtypes = ("float32", "float16", "float64")
    before = "y = LpPool<kernel_shape = [2, 2], p = 2>(x)"
    after = """squares = Mul(x, x)
               mean = AveragePool<kernel_shape = [2, 2], count_include_pad = 1>(squares)
               total = Mul(mean, four)
               y = Sqrt(total)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, 5, 6] x) => (float[N, 2, 3, 3] y) {
                 y = LpPool<kernel_shape = [2, 3], strides = [2, 2], pads = [0, 1, 1, 0]>(x) }""",
            ops=("Mul", "Pad", "AveragePool", "Mul", "Sqrt"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, 7] x) => (float[N, 2, 6] y) {
                 y = LpPool<kernel_shape = [2], p = 3>(x) }""",
            ops=("Abs", "Pow", "AveragePool", "Mul", "Pow"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, A, B] x) => (float[N, 2, 1, 1] y) {
                 y = GlobalLpPool<p = 1>(x) }""",
            ops=("Abs", "ReduceSum"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, A] x) => (float[N, 2, B] y) {
                 y = LpPool<kernel_shape = [2]>(x) }""",
            because="the spatial dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, 7] x) => (float[1, 2, 5] y) {
                 y = LpPool<kernel_shape = [2], dilations = [2]>(x) }""",
            because="its windows have gaps",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        p = draft.attribute("p", 2)
        if draft.node.op == "GlobalLpPool":
            shape = draft.shape()
            if shape is None:
                return f"the rank of `{draft.node.inputs[0].name}` is unknown"
            total = draft.op("ReduceSum", _power(draft, p), axes=list(range(2, len(shape))), keepdims=1)
            draft.give(_root(draft, total, p))
            return None
        found = windows(draft)
        if isinstance(found, str):
            return found
        if any(d != 1 for d in found.dilations):
            return "its windows have gaps"
        x = padded(draft, _power(draft, p), found.before, [max(0, reach) for reach in found.reach])
        mean = draft.op("AveragePool", x, kernel_shape=list(found.kernel), strides=list(found.strides))
        draft.give(_root(draft, draft.op("Mul", mean, draft.number(found.taps)), p))
        return None


def _power(draft: ReplacementBuilder, p: int) -> str:
    if p == 2:
        return draft.op("Mul", "in0", "in0")
    size = draft.op("Abs", "in0")
    return size if p == 1 else draft.op("Pow", size, draft.number(p))


def _root(draft: ReplacementBuilder, total: str, p: int) -> str:
    if p == 2:
        return draft.op("Sqrt", total)
    return total if p == 1 else draft.op("Pow", total, draft.number(np.float64(1) / p))
