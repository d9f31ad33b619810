"""InstanceNormalization(x, s, b) = (x - m) / sqrt(v + e) * s + b, m and v over the spatial axes of each channel."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.normalization.moments import Standardization
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeInstanceNormalization(BuiltRewrite):
    """Write InstanceNormalization as means over the spatial axes, a square root and products.

    Why: compilers require constant scale and bias, or fixed dims; ReduceMean requires neither.
    """

    name = "decompose-instance-normalization"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    dtypes = FLOATS
    fixes = (FixRule("InstanceNormalization"),)
    before = "y = InstanceNormalization(x, scale, bias)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3, 4, 5] x) => (float[N, 3, 4, 5] y)
               <float[3] s = {1, 2, -0.5}, float[3] b = {0, 1, -1}> { y = InstanceNormalization<epsilon = 0.5>(x, s, b) }""",
            ops=("ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3, 9] x, float[3] s, float[3] b) => (float[N, 3, 9] y) {
                 y = InstanceNormalization(x, s, b) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[] x, float[3] s, float[3] b) => (float[] y) {
                 y = InstanceNormalization(x, s, b) }""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        rank = len(draft.shape() or ())
        if not rank:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axes = list(range(2, rank))
        normal = Standardization(axes, draft.attribute("epsilon", 1e-5), draft.dtype()).draw(draft, draft.inputs[0])
        scale, bias = (draft.column(index, rank - 2) for index in (1, 2))
        draft.give(draft.op("Add", draft.op("Mul", normal.value, scale), bias))
        return None
