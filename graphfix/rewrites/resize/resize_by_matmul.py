"""Resize<linear or cubic>(x) = A · x · Bᵀ: interpolation is a product with a constant matrix along each axis."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.resize.resampling_matrices import resampling
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ResizeByMatmul(BuiltRewrite):
    """Write a linear or cubic Resize or Upsample between fixed sizes as a matrix product for each axis that it changes.

    Why: compilers support some ways to map coordinates, few support cubic, antialiasing or other ranks than 4; the matrix
    holds all of that. The products are summed in another order, which rounds otherwise:
    behind a step such as Floor, values at its edge may fall to the other side.
    """

    name = "resize-by-matmul"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    differs_at = ("nan", "inf")
    ops = ("Upsample",)
    dtypes = ("float32", "float64")
    fixes = (FixRule("Resize"), FixRule("Upsample"))
    before = """y = Resize<mode = "linear">(x, roi, scales)"""
    after = "y = MatMul(x, weights)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 5] x) => (float[1, 2, 8, 7] y)
               <int64[4] z = {1, 2, 8, 7}> {
                 y = Resize<mode = "cubic", coordinate_transformation_mode = "align_corners">(x, , , z) }""",
            ops=("Transpose", "MatMul", "Transpose", "MatMul"),
        ),
        Case(
            """<ir_version: 9, opset_import: ["" : 19]> g (float[1, 2, 3, 9] x) => (float[1, 2, 3, 4] y)
               <int64[4] z = {1, 2, 3, 4}> { y = Resize<mode = "linear", antialias = 1>(x, , , z) }""",
            ops=("MatMul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 6] x) => (float[8, 6] y) <float[2] s = {2, 1}> {
                 y = Resize<mode = "linear">(x, , s) }""",
            ops=("Transpose", "MatMul", "Transpose"),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 9]> g (float[1, 1, 3, 4] x) => (float[1, 1, 6, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Upsample<mode = "linear">(x, s) }""",
            ops=("Transpose", "MatMul", "Transpose", "MatMul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x) => (float[1, 1, 8, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }""",
            because="mode `nearest` weighs nothing",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x) => (float[1, 1, 4, 3] y)
               <float[8] r = {0, 0, 0, 0, 1, 1, 1, 2}, int64[4] z = {1, 1, 4, 3}> {
                 y = Resize<mode = "linear", coordinate_transformation_mode = "tf_crop_and_resize",
                            extrapolation_value = 3.0>(x, r, , z) }""",
            because="it extrapolates: a constant stands where nothing is",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x) => (float[1, 1, A, B] y) <int64[2] z = {1, 1}> {
                 n = NonZero(x)
                 s = Shape(n)
                 w = Concat<axis = 0>(z, s)
                 y = Resize<mode = "linear">(x, , , w) }""",
            because="its sizes are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        mode = draft.attribute("mode", "nearest")
        if mode == "nearest":
            return "mode `nearest` weighs nothing"
        found = resampling(draft.node, draft.surgery)
        matrices = found if isinstance(found, str) else found.matrices()
        if isinstance(found, str) or isinstance(matrices, str):
            return str(matrices)
        result, rank = draft.inputs[0], len(found.before)
        for axis, matrix in matrices.items():
            order = [*(i for i in range(rank) if i != axis), axis]
            if rank == 1:
                row = draft.op("MatMul", draft.op("Unsqueeze", result, axes=[0]), draft.number(matrix.T))
                result = draft.op("Squeeze", row, axes=[0])
                continue
            product = draft.op("MatMul", draft.transpose(result, order), draft.number(matrix.T))
            result = draft.transpose(product, [order.index(i) for i in range(rank)])
        draft.give(result)
        return None
