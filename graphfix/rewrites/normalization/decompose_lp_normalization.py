"""LpNormalization<p>(x) = x / n, n = sum |x| or sqrt(sum x^2) along the axis; 0 where n is 0."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeLpNormalization(BuiltRewrite):
    """Write LpNormalization as a sum, a square root and a quotient.

    Why: embedding models often end with it, and compilers support one axis only, one p only, or nothing of it.
    Where the squares of tiny values vanish, onnxruntime gives 0 and the quotient the tiny value.
    """

    name = "decompose-lp-normalization"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 32
    differs_at = ("tiny",)
    dtypes = FLOATS
    fixes = (FixRule("LpNormalization"),)
    before = "y = LpNormalization(x)"
    after = """square = Mul(x, x)
               sum = ReduceSum<axes = [-1]>(square)
               norm = Sqrt(sum)
               nothing = Equal(norm, zero)
               one = Cast<to = 1>(nothing)
               safe = Add(norm, one)
               y = Div(x, safe)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3, 4] x) => (float[3, 4] y) <float[3, 1] k = {0, 1, 2}> {
                 h = Mul(x, k)
                 y = LpNormalization(h) }""",
            ops=("Mul", "Mul", "ReduceSum", "Sqrt", "Equal", "Cast", "Add", "Div"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[3, 3] x) => (float[3, 3] y) <float[3] k = {1, 2, 0}> {
                 h = Mul(x, k)
                 y = LpNormalization<p = 1, axis = 0>(h) }""",
            ops=("Mul", "Abs", "ReduceSum", "Equal", "Cast", "Add", "Div"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (bfloat16[3] x) => (bfloat16[3] y) { y = LpNormalization(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        x, first = draft.inputs[0], draft.attribute("p", 2) == 1
        sizes = draft.op("Abs", x) if first else draft.op("Mul", x, x)
        norm = draft.op("ReduceSum", sizes, axes=[int(draft.attribute("axis", -1))], keepdims=1)
        norm = norm if first else draft.op("Sqrt", norm)
        nothing = draft.cast(draft.op("Equal", norm, draft.number(0)), draft.dtype())
        draft.give(draft.op("Div", x, draft.op("Add", norm, nothing)))
        return None
