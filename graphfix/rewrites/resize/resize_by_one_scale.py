"""Resize<keep_aspect_ratio_policy = "not_larger">(x, sizes) = Resize(x, scales = [s, s]), s the least of sizes over dims."""

from __future__ import annotations

from math import floor
from typing import ClassVar

import numpy as np
from onnx import helper

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

CHOICE = {"not_larger": min, "not_smaller": max}


class ResizeByOneScale(BuiltRewrite):
    """Give a Resize that keeps the aspect ratio the scale that follows from its sizes.

    Why: letterboxes of detectors resize into a frame by this attribute of opset 18, which compilers do not read or reject.
    """

    name = "resize-by-one-scale"
    safety = Safety.EXACT
    needs_opset = 18
    fixes = (FixRule("Resize", unless=("dynamic",)),)
    before = 'y = Resize<keep_aspect_ratio_policy = "not_larger">(x, roi, scales, sizes)'
    after = "y = Resize(x, roi, [1, 1, s, s])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, 6, 8] x) => (float[1, 2, 3, 4] y) <int64[2] z = {4, 4}> {
                 y = Resize<mode = "linear", axes = [2, 3], keep_aspect_ratio_policy = "not_larger">(x, , , z) }""",
            ops=("Resize",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, 4, 5] x) => (float[1, 2, 8, 10] y) <int64[2] z = {8, 9}> {
                 y = Resize<axes = [2, 3], keep_aspect_ratio_policy = "not_smaller">(x, , , z) }""",
            ops=("Resize",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, H, W] x) => (float[1, 2, A, B] y) <int64[2] z = {4, 4}> {
                 y = Resize<axes = [2, 3], keep_aspect_ratio_policy = "not_larger">(x, , , z) }""",
            because="the dims of `x` and the sizes are not all fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, 5, 7] x) => (float[1, 2, 3, 4] y) <int64[2] z = {4, 4}> {
                 y = Resize<axes = [2, 3], keep_aspect_ratio_policy = "not_larger">(x, , , z) }""",
            because="a dim times the scale is rounded up, to which no scale leads",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, 6, 8] x) => (float[1, 2, 3, 4] y)
               <int64[4] z = {1, 2, 3, 4}> {
                 y = Resize(x, , , z) }""",
            because="it stretches every axis by a scale of its own",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        choice = CHOICE.get(str(draft.attribute("keep_aspect_ratio_policy", "stretch")))
        if choice is None or not draft.has(3):
            return "it stretches every axis by a scale of its own"
        if draft.attribute("coordinate_transformation_mode") == "tf_crop_and_resize":
            return "it crops as it resizes"
        dims, sizes = draft.fixed(), draft.known(3)
        if dims is None or sizes is None:
            return f"the dims of `{draft.node.inputs[0].name}` and the sizes are not all fixed"
        axes = [axis % len(dims) for axis in draft.attribute("axes", range(len(dims)))]
        scale = choice(np.float32(size) / np.float32(dims[axis]) for size, axis in zip(sizes.tolist(), axes, strict=True))
        exact = [float(scale) * dims[axis] for axis in axes]
        if any(floor(size + 0.5) != floor(size) for size in exact):
            return "a dim times the scale is rounded up, to which no scale leads"
        scales = np.ones(len(dims), np.float32)
        scales[axes] = scale
        attributes = {name: value for name, value in draft.node.attrs.items() if name not in ("axes", "keep_aspect_ratio_policy")}
        operands = [draft.inputs[0], "", draft.constant(scales, np.float32)]
        draft.nodes.append(helper.make_node("Resize", operands, ["resized"], **attributes))
        draft.give("resized")
        return None
