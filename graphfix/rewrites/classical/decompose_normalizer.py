"""Normalizer(x) = x / n with n the largest element, the sum of magnitudes or the Euclidean length of a row; 1 where that is 0."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
REDUCTIONS = {"MAX": "ReduceMax", "L1": "ReduceL1", "L2": "ReduceL2"}


class DecomposeNormalizer(BuiltRewrite):
    """Write the normalization of rows as a reduction and a quotient.

    Why: the converters of scikit-learn write it as one node of ONNX's domain for machine learning, which few compilers read.
    """

    name = "decompose-normalizer"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 16
    dtypes = ("float32",)
    differs_at = ("nan", "inf")
    fixes = (FixRule("Normalizer"),)
    before = 'y = ai.onnx.ml.Normalizer<norm = "L1">(x)'
    after = """n = ReduceL1<axes = [-1]>(x)
               none = Equal(n, zero)
               d = Where(none, one, n)
               y = Div(x, d)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""{HEAD} (float[{dims}] x) => (float[{dims}] y) {{ y = ai.onnx.ml.Normalizer{norm}(x) }}""",
            ops=(op, "Equal", "Where", "Div"),
        )
        for dims, norm, op in (
            ("N, 3", "", "ReduceMax"), ("2, 3", '<norm = "L1">', "ReduceL1"), ("N, 3", '<norm = "L2">', "ReduceL2")
        )
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[2, 3, 4] x) => (float[2, 3, 4] y) {{ y = ai.onnx.ml.Normalizer(x) }}""",
            because="its input is not known to be a matrix",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if len(draft.shape() or ()) != 2:
            return "its input is not known to be a matrix"
        x = draft.inputs[0]
        size = draft.op(REDUCTIONS[str(draft.attribute("norm", "MAX"))], x, axes=[1], keepdims=1)
        none = draft.op("Equal", size, draft.number(0.0))
        draft.give(draft.op("Div", x, draft.op("Where", none, draft.number(1.0), size)))
        return None
