"""FeatureVectorizer(a, b, ...) = the first columns of each matrix, side by side, as float32."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 1]> g'


class DecomposeFeatureVectorizer(BuiltRewrite):
    """Join columns of features by Concat, each cast to float32.

    Why: the converters of Core ML, LightGBM and scikit-learn write it as one node of ONNX's domain for machine learning, which
    few compilers read.
    """

    name = "decompose-feature-vectorizer"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32", "float64", "int32", "int64")
    fixes = (FixRule("FeatureVectorizer"),)
    before = "y = ai.onnx.ml.FeatureVectorizer(a, b)"
    after = "y = Concat<axis = 1>(a, b)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] a, float[N, 3] b) => (float[N, 5] y) {{
                 y = ai.onnx.ml.FeatureVectorizer<inputdimensions = [2, 3]>(a, b) }}""",
            ops=("Concat",),
        ),
        Case(
            f"""{HEAD} (int64[4, 2] a, int64[4, 3] b) => (float[4, 5] y) {{
                 y = ai.onnx.ml.FeatureVectorizer<inputdimensions = [2, 3]>(a, b) }}""",
            ops=("Cast", "Cast", "Concat"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] a, float[N, M] b) => (float[N, 5] y) {{
                 y = ai.onnx.ml.FeatureVectorizer<inputdimensions = [2, 3]>(a, b) }}""",
            because="operand 1 is not known to be a matrix of 3 columns",
        ),
        Case(
            f"""{HEAD} (float[2] a, float[3] b) => (float[1, 5] y) {{
                 y = ai.onnx.ml.FeatureVectorizer<inputdimensions = [2, 3]>(a, b) }}""",
            because="operand 0 is not known to be a matrix of 2 columns",
        ),
        Case(
            f"""{HEAD} (float[N, 2] a, float[N, 3] b) => (float[N, 5] y) {{ y = ai.onnx.ml.FeatureVectorizer(a, b) }}""",
            because="it states no number of columns for each of its 2 operands",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        columns = [int(count) for count in draft.attribute("inputdimensions", ())]
        if len(columns) != len(draft.inputs):
            return f"it states no number of columns for each of its {len(draft.inputs)} operands"
        for place, count in enumerate(columns):
            dims = draft.shape(place)
            if dims is None or len(dims) != 2 or dims[1] != count:
                return f"operand {place} is not known to be a matrix of {count} columns"
        same = [draft.dtype(place) == "float32" for place in range(len(columns))]
        parts = [name if kept else draft.cast(name, "float32") for name, kept in zip(draft.inputs, same, strict=True)]
        draft.give(draft.op("Concat", *parts, axis=1))
        return None
