"""LinearClassifier(x) = ArgMax(s), Softmax(s) of s = MatMul(x, coefficients') + intercepts, and LinearRegressor(x) = s."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.classical.post_transform import TRANSFORMS, transformed
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeLinearModel(BuiltRewrite):
    """Write a linear model as a matrix product, a sum, and the transform at its end.

    Why: the converters of scikit-learn write linear and logistic regressions as one node of ONNX's domain for machine
    learning, which few compilers read.
    """

    name = "decompose-linear-model"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = ("float32",)
    differs_at = ("nan", "inf")
    ops = ("LinearRegressor",)
    fixes = (FixRule("LinearClassifier"), FixRule("LinearRegressor"))
    before = "label, p = ai.onnx.ml.LinearClassifier(x)"
    after = """m = MatMul(x, coefficients)
               scores = Add(m, intercepts)
               best = ArgMax<axis = 1, keepdims = 0>(scores)
               label = Gather(labels, best)
               p = Softmax<axis = 1>(scores)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 3] p) {{
                 label, p = ai.onnx.ml.LinearClassifier<classlabels_ints = [4, 7, 9], post_transform = "SOFTMAX",
                   coefficients = [0.5, -1.0, 2.0, 0.25, -0.5, 1.0], intercepts = [0.5, 0.0, -0.25]>(x) }}""",
            ops=("MatMul", "Add", "Softmax", "ArgMax", "Gather"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 2] p) {{
                 label, p = ai.onnx.ml.LinearClassifier<classlabels_strings = ["a", "b"], post_transform = "LOGISTIC",
                   coefficients = [0.5, -1.0, -0.5, 1.0], intercepts = [0.5, -0.5]>(x) }}""",
            ops=("MatMul", "Add", "Sigmoid"),
        ),
        Case(
            f"""{HEAD} (float[N, 3] x) => (float[N, 2] y) {{
                 y = ai.onnx.ml.LinearRegressor<targets = 2, coefficients = [0.5, -1.0, 2.0, 0.25, -0.5, 1.0]>(x) }}""",
            ops=("MatMul",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (string[N] label, float[N, 2] p) {{
                 label, p = ai.onnx.ml.LinearClassifier<classlabels_strings = ["a", "b"],
                   coefficients = [0.5, -1.0, -0.5, 1.0]>(x) }}""",
            because="its labels are strings, which no compiler supports; drop that output",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (int64[N] label, float[N, 2] p) {{
                 label, p = ai.onnx.ml.LinearClassifier<classlabels_ints = [0, 1], coefficients = [0.5, -1.0]>(x) }}""",
            because="its 2 classes share one score",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.LinearRegressor<coefficients = [0.5, -1.0], post_transform = "PROBIT">(x) }}""",
            because="it ends in PROBIT",
        ),
        Case(
            f"""{HEAD} (float[2] x) => (float[1, 1] y) {{ y = ai.onnx.ml.LinearRegressor<coefficients = [0.5, -1.0]>(x) }}""",
            because="its input is not known to be a matrix",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        classifies, dims = draft.node.op == "LinearClassifier", draft.shape()
        after = str(draft.attribute("post_transform", "NONE"))
        if dims is None or len(dims) != 2 or not isinstance(dims[1], int) or not dims[1]:
            return "its input is not known to be a matrix"
        if after not in TRANSFORMS:
            return f"it ends in {after}"
        labels = draft.attribute("classlabels_ints")
        if classifies and labels is None and draft.wants(0):
            return "its labels are strings, which no compiler supports; drop that output"
        coefficients = np.asarray(draft.attribute("coefficients", ()), np.float32).reshape(-1, dims[1])
        if classifies:
            count = len(labels or draft.attribute("classlabels_strings") or ())
            if len(coefficients) != count:
                return f"its {count} classes share one score"
        scores = draft.op("MatMul", draft.inputs[0], draft.constant(np.ascontiguousarray(coefficients.T), np.float32))
        intercepts = draft.attribute("intercepts")
        if intercepts:
            scores = draft.op("Add", scores, draft.constant(np.asarray(intercepts), np.float32))
        draft.give(transformed(draft, scores, after), int(classifies))
        if classifies and draft.wants(0):
            best = draft.op("ArgMax", scores, axis=1, keepdims=0)
            draft.give(draft.op("Gather", draft.constant(labels), best, axis=0))
        return None
