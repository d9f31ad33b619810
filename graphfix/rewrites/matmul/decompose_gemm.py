"""Gemm(a, b, c) = alpha * MatMul(a, b) + beta * c."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


class DecomposeGemm(BuiltRewrite):
    """Write a Gemm as the product of its matrices and a sum.

    Why: a compiler may compute the sum of a Gemm in another dtype than the product, or reject forms of Gemm whose product and
    sum it supports. A constant matrix is transposed at once.
    """

    name = "decompose-gemm"
    safety = Safety.EXACT
    needs_opset = 9
    ulps = 64
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("Gemm"),)
    before = "y = Gemm(a, b, c)"
    after = """p = MatMul(a, b)
               y = Add(p, c)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3] a) => (float[N, 2] y) <float[2, 3] b = {{1, 2, 3, -4, 5, 6}}, float[2] c = {{0.5, -1}}> {{
                 y = Gemm<transB = 1>(a, b, c) }}""",
            ops=("MatMul", "Add"),
        ),
        Case(
            f"""{HEAD} (float[3, N] a, float[3, 2] b, float[N, 1] c) => (float[N, 2] y) {{
                 y = Gemm<transA = 1, alpha = 0.5, beta = -2.0>(a, b, c) }}""",
            ops=("Transpose", "Mul", "MatMul", "Mul", "Add"),
        ),
        Case(
            f"""{HEAD} (float[N, 3] a, float[3, 2] b) => (float[N, 2] y) {{ y = Gemm(a, b) }}""",
            ops=("MatMul",),
        ),
        Case(
            f"""{HEAD} (float16[2, 3] a, float16[3, 2] b, float16[2] c) => (float16[2, 2] y) {{ y = Gemm(a, b, c) }}""",
            ops=("MatMul", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (int32[N, 3] a, int32[3, 2] b) => (int32[N, 2] y) {{ y = Gemm(a, b) }}""",
            because="`a` is int32, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        product = draft.op("MatMul", _turned(draft, 0, "transA"), _turned(draft, 1, "transB"))
        made = _scaled(draft, product, "alpha")
        draft.give(draft.op("Add", made, _scaled(draft, draft.inputs[2], "beta")) if draft.has(2) else made)
        return None


def _turned(draft: ReplacementBuilder, index: int, attribute: str) -> str:
    """Return an operand, transposed where an attribute says so."""
    if not draft.attribute(attribute, 0):
        return draft.inputs[index]
    array = draft.known(index)
    if array is not None:
        return draft.constant(np.ascontiguousarray(array.T), array.dtype)
    return draft.transpose(draft.inputs[index], (1, 0))


def _scaled(draft: ReplacementBuilder, name: str, attribute: str) -> str:
    """Return a value times the number in an attribute."""
    factor = float(draft.attribute(attribute, 1.0))
    return name if factor == 1.0 else draft.op("Mul", name, draft.number(factor))
