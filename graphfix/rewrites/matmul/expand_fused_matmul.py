"""FusedMatMul<alpha, transA, transB>(a, b) = alpha * (a' b'), FusedGemm and FusedConv an activation of Gemm and Conv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

PLAIN = {"FusedGemm": "Gemm", "FusedConv": "Conv"}
ACTIVATIONS = ("Relu", "Tanh", "Sigmoid", "LeakyRelu", "HardSigmoid", "Clip", "Elu", "Softplus")
NAMED: Mapping[str, tuple[str, ...]] = {
    "LeakyRelu": ("alpha",), "Elu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "Clip": ("min", "max"),
}  # fmt: skip
"""The attributes that an activation's parameters correspond to, in their order."""


class ExpandFusedMatmul(BuiltRewrite):
    """Write onnxruntime's fused products and convolutions as the plain operator followed by the fused operations.

    Why: a model optimized by onnxruntime holds operators that only onnxruntime supports. FusedConv adds a fourth
    operand before its activation.
    """

    name = "expand-fused-matmul"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    dtypes = FLOATS
    ops = ("FusedGemm", "FusedConv", "TransposeMatMul")
    fixes = tuple(FixRule(op) for op in ("FusedMatMul", "TransposeMatMul", "FusedGemm", "FusedConv"))
    before = "y = com.microsoft.FusedMatMul<transB = 1>(a, b)"
    after = """turned = Transpose<perm = [0, 2, 1]>(b)
               product = MatMul(a, turned)
               y = Mul(product, alpha)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g ({inputs}) => ({output} y) {{
                 y = com.microsoft.{call} }}""",
            ops=ops,
        )
        for inputs, call, output, ops in (
            ("float[N, 3, 4] a, float[N, 5, 4] b", "FusedMatMul<transB = 1, alpha = 0.5>(a, b)", "float[N, 3, 5]",
             ("Transpose", "MatMul", "Mul")),
            ("float[N, 4, 3] a, float[4, 5] b", "FusedMatMul<transA = 1>(a, b)", "float[N, 3, 5]", ("Transpose", "MatMul")),
            ("float[N, 3] a, float[5, 3] b, float[5] c", """FusedGemm<transB = 1, activation = "Relu">(a, b, c)""",
             "float[N, 5]", ("Gemm", "Relu")),
            ("float[1, 2, 6] x, float[3, 2, 3] w, float[3] b, float[1, 3, 6] z",
             """FusedConv<pads = [1, 1], activation = "LeakyRelu", activation_params = [0.25]>(x, w, b, z)""",
             "float[1, 3, 6]", ("Conv", "Add", "LeakyRelu")),
            ("float[1, 2, 6] x, float[3, 2, 3] w",
             """FusedConv<activation = "Clip", activation_params = [-0.5, 0.75]>(x, w)""", "float[1, 3, 4]", ("Conv", "Clip")),
        )
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[] a, float[4, 5] b) => (float[] y) {
                 y = com.microsoft.FusedMatMul<transA = 1>(a, b) }""",
            because="the rank of `a` is unknown",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[2, 3, 4] a) => (float[S, T, U] y) {
                 y = com.microsoft.FusedMatMul<transBatchA = 1>(a, a) }""",
            because="it turns its batch axes",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        return self._activated(draft) if draft.node.op in PLAIN else self._matmul(draft)

    def _matmul(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("transBatchA", 0) or draft.attribute("transBatchB", 0):
            return "it turns its batch axes"
        operands = []
        for index, name in enumerate(("transA", "transB")):
            dims = draft.shape(index)
            if draft.attribute(name, 0) and dims is None:
                return f"the rank of `{draft.node.inputs[index].name}` is unknown"
            rank = len(dims or ())
            turned = draft.attribute(name, 0) and rank > 1
            order = [*range(rank - 2), rank - 1, rank - 2]
            operands.append(draft.transpose(draft.inputs[index], order) if turned else draft.inputs[index])
        product = draft.op("MatMul", *operands)
        alpha = draft.attribute("alpha", 1.0)
        draft.give(product if alpha == 1 else draft.op("Mul", product, draft.number(alpha)))
        return None

    def _activated(self, draft: ReplacementBuilder) -> str | None:
        given: dict[str, Any] = {k: v for k, v in draft.node.attrs.items() if not k.startswith("activation")}
        activation = str(draft.attribute("activation", ""))
        if activation and activation not in ACTIVATIONS:
            return f"activation `{activation}` is not written out"
        made = draft.op(PLAIN[draft.node.op], *draft.inputs[:3], **given)
        if draft.has(3):
            made = draft.op("Add", made, draft.inputs[3])
        if activation:
            names = NAMED.get(activation, ())
            numbers = draft.attribute("activation_params", None)
            if numbers is None:
                numbers = [draft.attribute(f"activation_{name}") for name in names]
            made = draft.op(activation, made, **{k: float(v) for k, v in zip(names, numbers, strict=False) if v is not None})
        draft.give(made)
        return None
