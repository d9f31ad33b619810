"""Binarizer(x) = 1 where x > threshold, else 0."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeBinarizer(BuiltRewrite):
    """Write a threshold as a comparison, and its result as numbers.

    Why: the converters of scikit-learn write it as one node of ONNX's domain for machine learning, which few compilers read.
    """

    name = "decompose-binarizer"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32",)
    fixes = (FixRule("Binarizer"),)
    before = "y = ai.onnx.ml.Binarizer(x)"
    after = """above = Greater(x, threshold)
               y = Cast<to = 1>(above)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{ y = ai.onnx.ml.Binarizer<threshold = 0.25>(x) }}""",
            ops=("Greater", "Cast"),
        ),
        Case(f"""{HEAD} (float[2, 3] x) => (float[2, 3] y) {{ y = ai.onnx.ml.Binarizer(x) }}""", ops=("Greater", "Cast")),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (int64[2, 3] x) => (int64[2, 3] y) {{ y = ai.onnx.ml.Binarizer<threshold = 1.0>(x) }}""",
            because="`x` is int64, not float32",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        above = draft.op("Greater", draft.inputs[0], draft.number(float(draft.attribute("threshold", 0.0))))
        draft.give(draft.cast(above, "float32"))
        return None
