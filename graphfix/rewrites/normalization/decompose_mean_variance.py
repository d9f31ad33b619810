"""MeanVarianceNormalization(x) = (x - m) / (sqrt(E[(x - m)^2]) + 1e-9), m = E[x] over the axes."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeMeanVariance(BuiltRewrite):
    """Write MeanVarianceNormalization as two means, a square root and a quotient.

    Why: few compilers support it. The decomposition is that of ONNX's function body, without its casts and function calls.
    onnxruntime leaves out the 1e-9, which matters where the deviation is not much larger.
    """

    name = "decompose-mean-variance"
    safety = Safety.EXACT
    needs_opset = 9
    ulps = 64
    differs_at = ("tiny",)
    dtypes = FLOATS
    fixes = (FixRule("MeanVarianceNormalization"),)
    before = "y = MeanVarianceNormalization(x)"
    after = """mean = ReduceMean<axes = [0, 2, 3]>(x)
               centred = Sub(x, mean)
               square = Mul(centred, centred)
               variance = ReduceMean<axes = [0, 2, 3]>(square)
               root = Sqrt(variance)
               safe = Add(root, epsilon)
               y = Div(centred, safe)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3, 4, 5] x) => (float[N, 3, 4, 5] y) {
                 y = MeanVarianceNormalization(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[N, 3, 8] x) => (float[N, 3, 8] y) {
                 y = MeanVarianceNormalization<axes = [2]>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (bfloat16[2, 3] x) => (bfloat16[2, 3] y) {
                 y = MeanVarianceNormalization<axes = [1]>(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        axes, x = list(draft.attribute("axes", [0, 2, 3])), draft.inputs[0]
        centred = draft.op("Sub", x, draft.op("ReduceMean", x, axes=axes, keepdims=1))
        variance = draft.op("ReduceMean", draft.op("Mul", centred, centred), axes=axes, keepdims=1)
        draft.give(draft.op("Div", centred, draft.op("Add", draft.op("Sqrt", variance), draft.number(1e-9))))
        return None
