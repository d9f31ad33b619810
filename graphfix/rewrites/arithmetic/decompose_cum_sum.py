"""CumSum(x)_j = sum of x_i for i <= j (i < j when exclusive, i >= j when reversed) = x T, T a triangle of ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.arithmetic.summed_axis import summed_axis
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST = 1024
"""The longest axis that is rewritten; the triangular matrix has the square of that number of elements."""


class DecomposeCumSum(BuiltRewrite):
    """Write CumSum as the product with a triangular matrix of ones.

    Why: a running sum is sequential and rarely supported by accelerators; they are built for matrix products. The order of
    summation changes, and an infinity or NaN spreads to the whole row.
    """

    name = "decompose-cum-sum"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    differs_at = ("nan", "inf")
    dtypes = ("float16", "float32", "float64", "int32", "int64")
    fixes = (FixRule("CumSum"),)
    before = "y = CumSum(x, axis)"
    after = "y = MatMul(x, triangle)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[N, 6] x) => (float[N, 6] y) <int64 a = {1}> {
                 y = CumSum(x, a) }""",
            ops=("MatMul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (int32[2, 6, N] x) => (int32[2, 6, N] y) <int64[1] a = {-2}> {
                 y = CumSum<exclusive = 1, reverse = 1>(x, a) }""",
            ops=("Transpose", "MatMul", "Transpose"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[7] x) => (float[7] y) <int32 a = {0}> {
                 y = CumSum<exclusive = 1>(x, a) }""",
            ops=("Unsqueeze", "MatMul", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[3, N] x) => (float[3, N] y) <int64 a = {1}> {
                 y = CumSum(x, a) }""",
            because="dim 1 of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[2, 3] x, int64 a) => (float[2, 3] y) { y = CumSum(x, a) }""",
            because="the axis `a` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[2048] x) => (float[2048] y) <int64 a = {0}> {
                 y = CumSum(x, a) }""",
            because="dim 0 of `x` has 2048 elements, over 1024: the triangle would be too large",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        found = summed_axis(draft)
        if isinstance(found, str):
            return found
        axis, size, rank = found
        if size > MOST:
            return (
                f"dim {axis} of `{draft.node.inputs[0].name}` has {size} elements, over {MOST}: the triangle would be too large"
            )
        ones = np.triu(np.ones((size, size), np.int64), 1 if draft.attribute("exclusive", 0) else 0)
        triangle = draft.number(ones.T if draft.attribute("reverse", 0) else ones)
        x, order = draft.inputs[0], [i for i in range(rank) if i != axis] + [axis]
        if rank == 1:
            row = draft.op("MatMul", draft.op("Unsqueeze", x, axes=[0]), triangle)
            draft.give(draft.op("Squeeze", row, axes=[0]))
        else:
            back = [order.index(i) for i in range(rank)]
            draft.give(draft.transpose(draft.op("MatMul", draft.transpose(x, order), triangle), back))
        return None
