"""Imputer(x) = Where(IsNaN(x), imputed, x), or Where(Equal(x, replaced), imputed, x)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeImputer(BuiltRewrite):
    """Write the replacement of missing values as a Where.

    Why: the converters of scikit-learn write a SimpleImputer as one node of ONNX's domain for machine learning, which few
    compilers read.
    """

    name = "decompose-imputer"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("float32", "int64")
    fixes = (FixRule("Imputer"),)
    before = "y = ai.onnx.ml.Imputer(x)"
    after = """missing = IsNaN(x)
               y = Where(missing, imputed, x)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{
                 n = Floor(x)
                 r = Div(n, n)
                 y = ai.onnx.ml.Imputer<imputed_value_floats = [0.5, -1.0, 2.0], replaced_value_float = nan>(r) }}""",
            ops=("Floor", "Div", "IsNaN", "Where"),
        ),
        Case(
            f"""{HEAD} (int64[N, 3] x) => (int64[N, 3] y) {{
                 y = ai.onnx.ml.Imputer<imputed_value_int64s = [7], replaced_value_int64 = 1>(x) }}""",
            ops=("Equal", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{ y = ai.onnx.ml.Imputer<imputed_value_int64s = [7]>(x) }}""",
            because="it has no values of its input's dtype to put in",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        whole = draft.dtype() == "int64"
        imputed = draft.attribute("imputed_value_int64s" if whole else "imputed_value_floats")
        replaced = draft.attribute("replaced_value_int64" if whole else "replaced_value_float", 0)
        if not imputed:
            return "it has no values of its input's dtype to put in"
        x = draft.inputs[0]
        missing = draft.op("IsNaN", x) if np.isnan(replaced) else draft.op("Equal", x, draft.number(replaced))
        draft.give(draft.op("Where", missing, draft.number(np.asarray(imputed)), x))
        return None
