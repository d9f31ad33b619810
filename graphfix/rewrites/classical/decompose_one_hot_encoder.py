"""OneHotEncoder(x) = Cast(Equal(Unsqueeze(x), categories))."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeOneHotEncoder(BuiltRewrite):
    """Compare the data with each category, and write the answers as zeros and ones along a new last axis.

    Why: the converters of scikit-learn encode categories and bins by a node of ONNX's domain for machine learning, which few
    compilers read. Floats are cut to whole numbers first, as the node does. Where `zeros` is 0 the node fails on what is no
    category; the comparisons give zeros there.
    """

    name = "decompose-one-hot-encoder"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32", "float64", "int32", "int64")
    differs_at = ("nan", "inf")
    fixes = (FixRule("OneHotEncoder"),)
    before = "y = ai.onnx.ml.OneHotEncoder(x)"
    after = """column = Unsqueeze<axes = [-1]>(x)
               same = Equal(column, categories)
               y = Cast<to = 1>(same)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (int64[N] x) => (float[N, 3] y) {{ y = ai.onnx.ml.OneHotEncoder<cats_int64s = [2, 0, 5]>(x) }}""",
            ops=("Unsqueeze", "Equal", "Cast"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 2, 3] y) {{ y = ai.onnx.ml.OneHotEncoder<cats_int64s = [0, 1, 2]>(x) }}""",
            ops=("Cast", "Unsqueeze", "Equal", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (string[N] x) => (float[N, 2] y) {{ y = ai.onnx.ml.OneHotEncoder<cats_strings = ["a", "b"]>(x) }}""",
            because="`x` is string, not float32 or float64 or int32 or int64",
        ),
        Case(
            f"""{HEAD} (float[N] x) => (float[M, 2] y) <int64[1] zero = {{0}}> {{
                 k = SequenceConstruct(x, x)
                 i = SequenceLength(k)
                 p = Constant<value = int64 {{0}}>()
                 s = SequenceAt(k, p)
                 f = Flatten(s)
                 r = Reshape(f, i)
                 y = ai.onnx.ml.OneHotEncoder<cats_int64s = [0, 1]>(r) }}""",
            because="the rank of its data is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        categories, dims = draft.attribute("cats_int64s"), draft.shape()
        if not categories:
            return "its categories are strings, which no compiler supports"
        if dims is None:
            return "the rank of its data is not known"
        x = draft.inputs[0] if draft.dtype() in ("int32", "int64") else draft.cast(draft.inputs[0], "int64")
        known = draft.constant(np.asarray(categories), draft.dtype() if draft.dtype() == "int32" else "int64")
        same = draft.op("Equal", draft.op("Unsqueeze", x, axes=[len(dims)]), known)
        draft.give(draft.cast(same, "float32"))
        return None
