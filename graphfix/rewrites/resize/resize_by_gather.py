"""Resize<nearest>(x) = Gather(x, [0, 0, 1, 1, 2, 2, ...]): the nearest element is picked by constant indices."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.resize.resampling_matrices import resampling
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ResizeByGather(BuiltRewrite):
    """Write a nearest Resize or Upsample between fixed sizes as one Gather for each axis that it changes.

    Why: compilers support some ways to map coordinates and to round, and some ranks; Gather with constant indices says
    which element is meant, for any of them.
    """

    name = "resize-by-gather"
    safety = Safety.EXACT
    needs_opset = 7
    ops = ("Upsample",)
    fixes = (FixRule("Resize"), FixRule("Upsample"))
    before = """y = Resize<mode = "nearest">(x, roi, scales)"""
    after = "y = Gather<axis = 2>(x, indices)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 5] x) => (float[1, 2, 8, 10] y)
               <float[4] s = {1, 1, 2, 2}> {
                 y = Resize<nearest_mode = "ceil", coordinate_transformation_mode = "tf_half_pixel_for_nn">(x, , s) }""",
            ops=("Gather", "Gather"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (uint8[5, 4] x) => (uint8[3, 4] y) <int64[1] z = {3}> {
                 y = Resize<axes = [0], coordinate_transformation_mode = "align_corners">(x, , , z) }""",
            ops=("Gather",),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 9]> g (float[1, 1, 3, 4] x) => (float[1, 1, 6, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Upsample(x, s) }""",
            ops=("Gather", "Gather"),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 7]> g (float[1, 1, 3] x) => (float[1, 1, 9] y) {
                 y = Upsample<scales = [1.0, 1.0, 3.0]>(x) }""",
            ops=("Gather",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x) => (float[1, 1, 8, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize<mode = "linear">(x, , s) }""",
            because="mode `linear` weighs several elements",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, H, 4] x) => (float[1, 1, K, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }""",
            because="the dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x, float[4] s) => (float[A, B, C, D] y) {
                 y = Resize(x, , s) }""",
            because="its scales are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        mode = draft.attribute("mode", "nearest")
        if mode != "nearest":
            return f"mode `{mode}` weighs several elements"
        found = resampling(draft.node, draft.surgery)
        matrices = found if isinstance(found, str) else found.matrices()
        if isinstance(matrices, str):
            return matrices
        result = draft.inputs[0]
        for axis, matrix in matrices.items():
            result = draft.op("Gather", result, draft.constant(np.argmax(matrix, axis=1).astype(np.int64)), axis=axis)
        draft.give(result)
        return None
