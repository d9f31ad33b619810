"""Scaler(x) = (x - offset) * scale."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeScaler(BuiltRewrite):
    """Write the scaling of features as a difference and a product.

    Why: the converters of scikit-learn write a StandardScaler as one node of ONNX's domain for machine learning, which few
    compilers read.
    """

    name = "decompose-scaler"
    safety = Safety.EXACT
    needs_opset = 7
    dtypes = ("float32", "float64", "int32", "int64")
    fixes = (FixRule("Scaler"),)
    before = "y = ai.onnx.ml.Scaler(x)"
    after = """d = Sub(x, offset)
               y = Mul(d, scale)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{
                 y = ai.onnx.ml.Scaler<offset = [0.5, -1.0, 2.0], scale = [2.0, 0.5, 3.0]>(x) }}""",
            ops=("Sub", "Mul"),
        ),
        Case(
            f"""{HEAD} (int64[N, 3] x) => (float[N, 3] y) {{ y = ai.onnx.ml.Scaler<offset = [0.5], scale = [2.0]>(x) }}""",
            ops=("Cast", "Sub", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 3] y) {{ y = ai.onnx.ml.Scaler<offset = [0.5, 1.0, 2.0]>(x) }}""",
            because="it has no `offset` or no `scale`",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        numbers = [draft.attribute(name) for name in ("offset", "scale")]
        if not all(numbers):
            return "it has no `offset` or no `scale`"
        x = draft.inputs[0] if draft.dtype() == "float32" else draft.cast(draft.inputs[0], "float32")
        offset, scale = (draft.constant(np.asarray(each), np.float32) for each in numbers)
        draft.give(draft.op("Mul", draft.op("Sub", x, offset), scale))
        return None
