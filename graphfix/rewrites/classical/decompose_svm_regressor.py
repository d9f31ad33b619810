"""SVMRegressor(x) = coefficients . K(support vectors, x) + rho, of a kernel K."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.classical.kernel_values import kernel_values, too_many_vectors
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'
LINEAR = 'kernel_type = "LINEAR", kernel_params = [0.0, 0.0, 3.0]'


class DecomposeSvmRegressor(BuiltRewrite):
    """Write a support vector machine as the values of its kernel at each support vector, and their weighted sum.

    Why: the converters of scikit-learn write support vector regressions as one node of ONNX's domain for machine learning,
    which few compilers read.
    """

    name = "decompose-svm-regressor"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = ("float32",)
    differs_at = ("nan", "inf", "large")
    fixes = (FixRule("SVMRegressor"),)
    before = "y = ai.onnx.ml.SVMRegressor(x)"
    after = """row = Unsqueeze<axes = [1]>(x)
               d = Sub(row, vectors)
               s = Mul(d, d)
               q = ReduceSum<axes = [2], keepdims = 0>(s)
               g = Mul(q, gamma)
               k = Exp(g)
               m = MatMul(k, coefficients)
               y = Add(m, rho)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<kernel_type = "RBF", kernel_params = [0.5, 0.0, 3.0], n_supports = 3,
                   coefficients = [0.5, -1.0, 0.25], support_vectors = [0.5, -0.25, 1.0, 0.0, -0.5, 1.5], rho = [0.125]>(x) }}""",
            ops=("Unsqueeze", "Sub", "Mul", "ReduceSum", "Mul", "Exp", "MatMul", "Add"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<kernel_type = "POLY", kernel_params = [0.5, 1.0, 2.0], n_supports = 2,
                   coefficients = [0.5, -1.0], support_vectors = [0.5, -0.25, 1.0, 0.0], rho = [0.125]>(x) }}""",
            ops=("MatMul", "Mul", "Add", "Pow", "MatMul", "Add"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<kernel_type = "SIGMOID", kernel_params = [0.5, 1.0, 2.0], n_supports = 2,
                   coefficients = [0.5, -1.0], support_vectors = [0.5, -0.25, 1.0, 0.0], rho = [0.125]>(x) }}""",
            ops=("MatMul", "Mul", "Add", "Tanh", "MatMul", "Add"),
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<{LINEAR}, coefficients = [0.5, -1.0], rho = [0.125]>(x) }}""",
            ops=("MatMul", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<{LINEAR}, coefficients = [0.5, -1.0], rho = [0.125], one_class = 1>(x)
                 }}""",
            because="it tells outliers, and is no regression",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (float[N, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<{LINEAR}, coefficients = [0.5, -1.0], rho = [0.125],
                   post_transform = "LOGISTIC">(x) }}""",
            because="it ends in LOGISTIC",
        ),
        Case(
            f"""{HEAD} (float[2] x) => (float[1, 1] y) {{
                 y = ai.onnx.ml.SVMRegressor<{LINEAR}, coefficients = [0.5, -1.0], rho = [0.125]>(x) }}""",
            because="its input is not known to be a matrix",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        after = str(draft.attribute("post_transform", "NONE"))
        if draft.attribute("one_class", 0):
            return "it tells outliers, and is no regression"
        if dims is None or len(dims) != 2 or not isinstance(dims[1], int) or not dims[1]:
            return "its input is not known to be a matrix"
        if after != "NONE":
            return f"it ends in {after}"
        coefficients = np.asarray(draft.attribute("coefficients", ()), np.float32).reshape(-1, 1)
        values = draft.inputs[0]
        if draft.attribute("n_supports", 0):
            vectors = np.asarray(draft.attribute("support_vectors", ()), np.float32).reshape(-1, dims[1])
            if too_many := too_many_vectors(draft, vectors):
                return too_many
            values = kernel_values(draft, vectors)
        rho = np.asarray(draft.attribute("rho", (0.0,)), np.float32)[:1]
        summed = draft.op("MatMul", values, draft.constant(coefficients, np.float32))
        draft.give(draft.op("Add", summed, draft.constant(rho, np.float32)))
        return None
