"""Resize(x: [N, 3, H, W], sizes = [N, 3, 2H, 2W]) = Resize(x, scales = [1, 1, 2, 2])."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import helper

from graphfix.analysis.dims import DimExpr
from graphfix.rewrites.resize.equal_resize_mode import same
from graphfix.rewrites.resize.resampling_matrices import resampling
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer


class ResizeByScales(BuiltRewrite):
    """Give a Resize its scales as constants where it has sizes, also sizes computed from dims that are free.

    Why: exporters compute the sizes of an upsampling by two from the shape; compilers want to know the ratio, which is
    constant. For fixed sizes the scales are their quotients, provided that every axis is resized the same.
    """

    name = "resize-by-scales"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (
        FixRule("Resize", kinds=("operand", "attribute", "dynamic", "form", "optional", "undecided", "unmeasured", "wrong")),
    )
    before = "y = Resize(x, roi, scales, sizes)"
    after = "y = Resize(x, roi, [1, 1, 2, 2])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2, H, W] x) => (float[A, B, C, D] y)
               <int64[1] i0 = {0}, int64[1] i2 = {2}, int64[1] end = {4}, int64[2] two = {2, 2}> {
                 shape = Shape(x)
                 head = Slice(shape, i0, i2)
                 tail = Slice(shape, i2, end)
                 large = Mul(tail, two)
                 sizes = Concat<axis = 0>(head, large)
                 y = Resize<mode = "linear", coordinate_transformation_mode = "asymmetric">(x, , , sizes) }""",
            ops=("Resize",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 6] x) => (float[1, 2, 8, 9] y)
               <int64[4] z = {1, 2, 8, 9}> { y = Resize(x, , , z) }""",
            ops=("Resize",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, H, W] x, float[N, C, K, L] z) => (float[A, B, C, D] y) {
                 s = Shape(z)
                 y = Resize(x, , , s) }""",
            because="its sizes are no fixed multiples of the dims of `x`",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, H, W] x) => (float[A, B, C, D] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }""",
            because="it has scales already",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if not draft.has(3):
            return "it has scales already"
        if draft.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
            return "it keeps the aspect ratio: the scales depend on each other"
        if draft.attribute("coordinate_transformation_mode") == "tf_crop_and_resize":
            return "it crops as it resizes"
        scales = whole_multiples(draft)
        found = resampling(draft.node, draft.surgery)
        if scales is None and not isinstance(found, str):
            quotients = tuple(float(np.float32(a / b)) for a, b in zip(found.after, found.before, strict=True))
            if not same(found, found.with_scales(quotients)):
                return "no scales resize every axis the same"
            axes = draft.attribute("axes", range(len(quotients)))
            scales = [quotients[axis] for axis in axes]
        if scales is None:
            return f"its sizes are no fixed multiples of the dims of `{draft.node.inputs[0].name}`"
        operand = draft.constant(np.asarray(scales, np.float32))
        draft.nodes.append(
            helper.make_node("Resize", [draft.inputs[0], draft.inputs[1], operand], ["resized"], **draft.node.attrs)
        )
        draft.give("resized")
        return None


def whole_multiples(draft: ReplacementBuilder) -> list[float] | None:
    """The whole numbers that the dims are multiplied by, whatever they are; None where they are not."""
    if not draft.has(3):
        return None
    tracer = Tracer(draft.surgery)
    sizes, dims = tracer.elements(draft.node.inputs[3]), tracer.shape(draft.node.inputs[0])
    if sizes is None or dims is None:
        return None
    axes = draft.attribute("axes", range(len(dims)))
    ratios = [_ratio(size, dims[axis]) for size, axis in zip(sizes, axes, strict=True)]
    numbers = [ratio.number for ratio in ratios if ratio is not None and ratio.number]
    return [float(number) for number in numbers] if len(numbers) == len(ratios) else None


def _ratio(size: DimExpr, dim: DimExpr) -> DimExpr | None:
    return size.share(dim) if dim.terms else None
