"""AffineGrid(theta)[p] = theta (p, 1): the places of a regular grid are constants, and a product moves them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeAffineGrid(BuiltRewrite):
    """Move a constant grid by a matrix product.

    Why: hardly any compiler has AffineGrid; the height and width of most exports are fixed, and the grid follows from them.
    """

    name = "decompose-affine-grid"
    safety = Safety.EXACT
    needs_opset = 20
    ulps = 32
    fixes = (FixRule("AffineGrid"),)
    dtypes = ("float32", "float64", "float16")
    before = "y = AffineGrid(theta, size)"
    after = """turned = Transpose<perm = [0, 2, 1]>(theta)
               flat = MatMul(grid, turned)
               y = Reshape(flat, dims)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[2, 2, 3] t) => (float[2, 3, 4, 2] y)
               <int64[4] s = {2, 1, 3, 4}> { y = AffineGrid(t, s) }""",
            ops=("Transpose", "MatMul", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[1, 3, 4] t) => (float[1, 2, 3, 4, 3] y)
               <int64[5] s = {1, 1, 2, 3, 4}> { y = AffineGrid<align_corners = 1>(t, s) }""",
            ops=("Transpose", "MatMul", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[N, 3, 4, 5] x, float[N, 2, 3] t) => (float[N, 4, 5, 2] y) {
                 s = Shape(x)
                 y = AffineGrid(t, s) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[1, 2, 3] t, int64[4] s) => (float[1, A, B, 2] y) {
                 y = AffineGrid(t, s) }""",
            because="its size is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        given = draft.value(1)
        known = draft.known(1)
        size = known.tolist() if known is not None else list(given.sizes or ()) if given is not None else []
        dims = [dim for dim in size[2:] if isinstance(dim, int)]
        if not size or len(dims) < len(size) - 2:
            return "its size is not known"
        lines = []
        for n in dims:
            corners = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
            lines.append(corners if draft.attribute("align_corners", 0) else (2 * np.arange(n) + 1) / n - 1)
        grid = np.stack([*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(dims)], -1).reshape(1, -1, len(dims) + 1)
        flat = draft.op("MatMul", draft.number(grid), draft.transpose("in0", [0, 2, 1]))
        draft.give(draft.reshape(flat, [-1, *dims, len(dims)]))
        return None
