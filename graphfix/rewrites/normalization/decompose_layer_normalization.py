"""LayerNormalization(x, s, b) = (x - m) / sqrt(v + e) * s + b, and RMSNormalization(x, s) = x / sqrt(q + e) * s.

m, v and q are the mean, the variance and the mean square over the axes from `axis` on, in float32 when stash_type is 1.
"""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.normalization.moments import Standardization
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeLayerNormalization(BuiltRewrite):
    """Write LayerNormalization and RMSNormalization as means, a square root and products.

    Why: compilers require constant scale and bias, reject the mean as an output, or lack the operator, and support its
    parts. The variance is that of the centred values, which avoids cancellation.
    """

    name = "decompose-layer-normalization"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    differs_at = ("inf",)
    dtypes = FLOATS
    ops = ("RMSNormalization", "SimplifiedLayerNormalization")
    fixes = (FixRule("LayerNormalization"), FixRule("RMSNormalization"), FixRule("SimplifiedLayerNormalization"))
    before = "y, mean, inverse = LayerNormalization(x, scale, bias)"
    after = """mean = ReduceMean<axes = [-1]>(x)
               centred = Sub(x, mean)
               square = Mul(centred, centred)
               variance = ReduceMean<axes = [-1]>(square)
               safe = Add(variance, epsilon)
               root = Sqrt(safe)
               inverse = Reciprocal(root)
               normal = Mul(centred, inverse)
               scaled = Mul(normal, scale)
               y = Add(scaled, bias)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y)
               <float[4] s = {1, 2, 0.5, -1}, float[4] b = {0, 1, -1, 0.5}> {
                 y = LayerNormalization<epsilon = 0.5>(x, s, b) }""",
            ops=("ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float16[2, 3, 4] x, float16[3, 4] s)
               => (float16[2, 3, 4] y, float[2, 1, 1] m, float[2, 1, 1] i) {
                 y, m, i = LayerNormalization<axis = 1, epsilon = 0.5>(x, s) }""",
            ops=("Cast", "ReduceMean", "Sub", "Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Cast", "Mul"),
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 23]> g (float[N, 4] x) => (float[N, 4] y) <float[4] s = {1, 2, 0.5, -1}> {
                 y = RMSNormalization<epsilon = 0.5>(x, s) }""",
            ops=("Mul", "ReduceMean", "Add", "Sqrt", "Reciprocal", "Mul", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[] x, float[4] s) => (float[] y) {
                 y = LayerNormalization<axis = 1>(x, s) }""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        rank, axis = len(draft.shape() or ()), draft.attribute("axis", -1)
        if not rank and axis >= 0:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axes = list(range(axis if axis < 0 else axis - rank, 0))
        given, centred = draft.dtype(), draft.node.op == "LayerNormalization"
        dtype = "float32" if draft.attribute("stash_type", 1) == 1 else given
        x = draft.inputs[0] if dtype == given else draft.cast(draft.inputs[0], dtype)
        normal = Standardization(axes, draft.attribute("epsilon", 1e-5), dtype, centred).draw(draft, x)
        y = normal.value if dtype == given else draft.cast(normal.value, given)
        y = draft.op("Mul", y, draft.inputs[1])
        if draft.has(2):
            y = draft.op("Add", y, draft.inputs[2])
        if centred:
            draft.give(normal.mean, 1)
        draft.give(normal.inverse, 2 if centred else 1)
        draft.give(y)
        return None
