"""Resize<half_pixel, round_prefer_floor>(x) = Resize<asymmetric, floor>(x) at scale 2: for given sizes, modes fall together."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import helper

from graphfix.rewrites.resize.resampling_matrices import Resampling, resampling
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

NEAREST = (
    ("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil"),
    ("align_corners", "round_prefer_floor"),
)  # fmt: skip
SMOOTH = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
"""The ways to map coordinates that most compilers know, the commonest first."""
DEFAULT = {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_floor"}


class EqualResizeMode(BuiltRewrite):
    """Name the commonest way to map coordinates that gives the same weights for the sizes at hand.

    Why: half_pixel_symmetric, pytorch_half_pixel, tf_half_pixel_for_nn and the roundings differ in corner cases only,
    and compilers know few of them. What each does to every axis is compared.
    """

    name = "equal-resize-mode"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("Resize", kinds=("attribute", "operand", "form", "optional", "wrong", "undecided", "unmeasured")),)
    before = """y = Resize<coordinate_transformation_mode = "half_pixel_symmetric">(x, roi, scales)"""
    after = """y = Resize<coordinate_transformation_mode = "half_pixel">(x, roi, scales)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 9, opset_import: ["" : 19]> g (float[1, 2, 4, 5] x) => (float[1, 2, 8, 10] y)
               <float[4] s = {1, 1, 2, 2}> {
                 y = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel_symmetric">(x, , s) }""",
            ops=("Resize",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 5] x) => (float[1, 2, 8, 10] y)
               <int64[4] z = {1, 2, 8, 10}> {
                 y = Resize<coordinate_transformation_mode = "half_pixel", nearest_mode = "round_prefer_ceil">(x, , , z) }""",
            ops=("Resize",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 5] x) => (float[1, 2, 7, 9] y)
               <int64[4] z = {1, 2, 7, 9}> {
                 y = Resize<coordinate_transformation_mode = "align_corners", nearest_mode = "ceil">(x, , , z) }""",
            because="no other mode picks the same elements",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, H, 4] x) => (float[1, 1, K, 8] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        found = resampling(draft.node, draft.surgery)
        if isinstance(found, str):
            return found
        if draft.attribute("coordinate_transformation_mode") == "tf_crop_and_resize":
            return "it crops as it resizes"
        names = {**DEFAULT, **dict(found.attributes)}
        nearest = draft.attribute("mode", "nearest") == "nearest"
        mine = (names["coordinate_transformation_mode"], names["nearest_mode"])
        choices = NEAREST if nearest else tuple((mode, mine[1]) for mode in SMOOTH)
        for mode, rounding in choices[: choices.index(mine) if mine in choices else None]:
            other = found.with_attributes(coordinate_transformation_mode=mode, **({"nearest_mode": rounding} if nearest else {}))
            if same(found, other):
                node = helper.make_node(
                    "Resize", list(draft.inputs), ["resized"], **{**draft.node.attrs, **dict(other.attributes)}
                )
                draft.nodes.append(node)
                draft.give("resized")
                return None
        return f"no other mode {'picks the same elements' if nearest else 'gives the same weights'}"


def same(one: Resampling, other: Resampling) -> bool:
    """Whether two ways to resize do the same to every axis."""
    a, b = one.matrices(), other.matrices()
    if isinstance(a, str) or isinstance(b, str):
        return False
    return a.keys() == b.keys() and all(np.array_equal(a[axis], b[axis]) for axis in a)
