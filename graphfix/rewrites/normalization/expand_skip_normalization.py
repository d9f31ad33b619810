"""SkipLayerNormalization(x, skip, s, b, bias) = (t - m) / sqrt(v + e) * s + b, t = x + skip + bias.

SkipSimplifiedLayerNormalization does not subtract the mean.
"""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.normalization.moments import Standardization
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

EPSILON = 1e-12
"""What both operators add where they state nothing: onnxruntime's own default."""


class ExpandSkipNormalization(BuiltRewrite):
    """Write onnxruntime's normalizations of a residual sum as the sum, means, a square root and products.

    Why: a transformer optimized by onnxruntime holds two of them in every layer, and only onnxruntime supports them.
    """

    name = "expand-skip-normalization"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    dtypes = FLOATS
    ops = ("SkipSimplifiedLayerNormalization",)
    fixes = (FixRule("SkipLayerNormalization"), FixRule("SkipSimplifiedLayerNormalization"))
    before = "y, mean, inverse, sum = com.microsoft.SkipLayerNormalization(x, skip, scale)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[N, 3, 4] x, float[N, 3, 4] r)
               => (float[N, 3, 4] y) <float[4] s = {1, 2, 0.5, -1}, float[4] b = {0, 1, -1, 0.5}, float[4] c = {1, 0, 2, 3}> {
                 y = com.microsoft.SkipLayerNormalization<epsilon = 0.5>(x, r, s, b, c) }""",
            ops=("Add", "Add", "ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18, "com.microsoft" : 1]> g (float[N, 3, 4] x, float[N, 3, 4] r)
               => (float[N, 3, 4] y, float[N, 3, 4] t) <float[4] s = {1, 2, 0.5, -1}> {
                 y, , , t = com.microsoft.SkipSimplifiedLayerNormalization<epsilon = 0.5>(x, r, s) }""",
            ops=("Add", "Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18, "com.microsoft" : 1]> g (float[N, 3, 4] x, float[N, 3, 4] r)
               => (float[N, 3, 4] y) <float[4] s = {1, 2, 0.5, -1}, float[1] small = {0.001}> {
                 a = Mul(x, small)
                 b = Mul(r, small)
                 y = com.microsoft.SkipSimplifiedLayerNormalization(a, b, s) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (bfloat16[2, 3, 4] x, bfloat16[4] s)
               => (bfloat16[2, 3, 4] y) { y = com.microsoft.SkipLayerNormalization(x, x, s) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        centred, given = draft.node.op == "SkipLayerNormalization", draft.dtype()
        bias = 4 if centred else 3
        total = draft.op("Add", *draft.inputs[:2])
        if draft.has(bias):
            total = draft.op("Add", total, draft.inputs[bias])
        wide = "float32" if given == "float16" else given
        x = total if wide == given else draft.cast(total, wide)
        normal = Standardization([-1], draft.attribute("epsilon", EPSILON), wide, centred).draw(draft, x)
        y = normal.value if wide == given else draft.cast(normal.value, given)
        y = draft.op("Mul", y, draft.inputs[2])
        if centred and draft.has(3):
            y = draft.op("Add", y, draft.inputs[3])
        if centred:
            draft.give(normal.mean, 1)
        draft.give(normal.inverse, 2)
        draft.give(total, 3)
        draft.give(y)
        return None
