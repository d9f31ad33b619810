"""RoiAlign(x, rois)[r, p] = mean over samples s of x read between its pixels at start_r + (p + (s + 1/2) / n) * bin_r."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_SAMPLES = 16
"""Samples along each side of a bin."""


class DecomposeRoiAlign(BuiltRewrite):
    """Cut regions out of a feature map by Gather at the pixels around each sample, weighed by their distance.

    Why: detectors need it, and hardly any compiler has it. The number of samples must be an attribute: where it hangs
    on the size of each region, no fixed graph computes it.
    """

    name = "decompose-roi-align"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 256
    fixes = (FixRule("RoiAlign"),)
    dtypes = ("float32",)
    before = "y = RoiAlign<output_height = 2, output_width = 2, sampling_ratio = 2>(x, rois, batch)"
    after = """places = Mul(rois, scale)
               pixels = Gather(x, index)
               weighed = Mul(pixels, weight)
               y = ReduceMean<axes = [1]>(weighed)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]>
               g (float[2, 3, 6, 5] x, float[R, 4] r, int64[R] b) => (float[R, 3, 2, 3] y)
               <int64 two = {2}, float[4] far = {0, 0, 3, 5}> {
                 k = Mod(b, two)
                 q = Abs(r)
                 s = Add(q, far)
                 y = RoiAlign<output_height = 2, output_width = 3, sampling_ratio = 2, spatial_scale = 0.75>(x, s, k) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[1, 2, 5, 5] x, float[3, 4] r) => (float[3, 2, 2, 2] y)
               <int64[3] b = {0, 0, 0}> {
                 y = RoiAlign<output_height = 2, output_width = 2, sampling_ratio = 1,
                     coordinate_transformation_mode = "output_half_pixel">(x, r, b) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]>
               g (float[2, 3, H, 5] x, float[R, 4] r, int64[R] b) => (float[R, 3, 2, 2] y)
               <int64 two = {2}, int64[2] sides = {3, 2}, float least = {0.01}, float most = {1.52}, float[2] start = {0, 0}> {
                 k = Mod(b, two)
                 near = Mul(r, least)
                 dims = Shape(x)
                 ends = Gather(dims, sides)
                 lengths = Cast<to = 1>(ends)
                 far = Mul(lengths, most)
                 box = Concat<axis = 0>(start, far)
                 s = Add(near, box)
                 y = RoiAlign<output_height = 2, output_width = 2, sampling_ratio = 2, spatial_scale = 0.75>(x, s, k) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]>
               g (float[1, 2, 5, 5] x, float[3, 4] r, int64[3] b) => (float[R, C, H, W] y) {
                 y = RoiAlign(x, r, b) }""",
            because="the number of samples depends on the size of each region",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]>
               g (float[1, C, 5, 5] x, float[3, 4] r, int64[3] b) => (float[3, C, 1, 1] y) {
                 y = RoiAlign<sampling_ratio = 2>(x, r, b) }""",
            because="the channels of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, samples = draft.shape(), int(draft.attribute("sampling_ratio", 0))
        if shape is None or not isinstance(shape[1], int):
            return f"the channels of `{draft.node.inputs[0].name}` are not fixed"
        if not 0 < samples <= MOST_SAMPLES:
            return "the number of samples depends on the size of each region"
        if draft.attribute("mode", "avg") != "avg":
            return "the greatest sample is not what is written out"
        c, h, w = shape[1], _length(draft, 2), _length(draft, 3)
        out = [int(draft.attribute(f"output_{side}", 1)) for side in ("height", "width")]
        half = draft.surgery.opset >= 16 and draft.attribute("coordinate_transformation_mode", "half_pixel") == "half_pixel"
        corners = draft.op("Mul", "in1", draft.number(draft.attribute("spatial_scale", 1.0)))
        if half:
            corners = draft.op("Sub", corners, draft.number(0.5))
        rows = draft.reshape(draft.transpose("in0", [0, 2, 3, 1]), [-1, c])
        first = ""
        if shape[0] != 1:
            first = draft.op("Mul", draft.reshape(draft.cast("in2", "int64"), [-1, 1, 1]), _times(draft, h, w))
        ys = _taps(draft, corners, (1, 3), (out[0], samples, h, w), half=half, axis=2)
        xs = _taps(draft, corners, (0, 2), (out[1], samples, w, 1), half=half, axis=1)
        total = ""
        for y, y_weight in ys:
            for x, x_weight in xs:
                index = draft.op("Add", y, x)
                index = draft.op("Add", index, first) if first else index
                weight = draft.op("Unsqueeze", draft.op("Mul", y_weight, x_weight), axes=[3])
                part = draft.op("Mul", draft.op("Gather", rows, index, axis=0), weight)
                total = draft.op("Add", total, part) if total else part
        if samples > 1:
            total = draft.reshape(total, [-1, samples, out[1] * samples * c])
            total = draft.reshape(draft.op("ReduceMean", total, axes=[1], keepdims=0), [-1, samples, c])
            total = draft.reshape(draft.op("ReduceMean", total, axes=[1], keepdims=0), [-1, *out, c])
        draft.give(draft.transpose(total, [0, 3, 1, 2]))
        return None


def _taps(
    draft: ReplacementBuilder,
    corners: str,
    ends: tuple[int, int],
    sizes: tuple[int, int, int | str, int | str],
    *,
    half: bool,
    axis: int,
) -> list[tuple[str, str]]:
    """Flat index and weight of the pixel before and behind each sample along one side, ready to broadcast to [R, Y, X]."""
    bins, samples, size, stride = sizes
    low, high = (draft.op("Gather", corners, draft.constant([end]), axis=1) for end in ends)
    extent = draft.op("Sub", high, low)
    if not half:
        extent = draft.op("Max", extent, draft.number(1))
    shares = (np.arange(bins)[:, None] + (np.arange(samples)[None] + 0.5) / samples).reshape(1, -1) / bins
    place = draft.op("Add", low, draft.op("Mul", extent, draft.number(shares)))
    allowed = _between(draft, place, -1, size)
    there = draft.cast(draft.op("Equal", allowed, place), draft.dtype())
    inside = _between(draft, place, 0, size - 1 if isinstance(size, int) else draft.op("Sub", size, draft.constant(1)))
    floor, ceil = draft.op("Floor", inside), draft.op("Ceil", inside)
    rest = draft.op("Sub", inside, floor)
    weights = (draft.op("Sub", draft.number(1), rest), rest)
    taps = []
    for pixel, weight in zip((floor, ceil), weights, strict=True):
        index = draft.cast(pixel, "int64")
        index = draft.op("Mul", index, draft.scalar(stride)) if stride != 1 else index
        weighed = draft.op("Mul", weight, there)
        taps.append((draft.op("Unsqueeze", index, axes=[axis]), draft.op("Unsqueeze", weighed, axes=[axis])))
    return taps


def _length(draft: ReplacementBuilder, axis: int) -> int | str:
    """Return the size of the map along an axis: a number, or a value that no compiler takes for a symbolic size."""
    size = draft.size(axis)
    return size if isinstance(size, int) else draft.cast(draft.cast(size, "int32"), "int64")


def _times(draft: ReplacementBuilder, one: int | str, other: int | str) -> str:
    """Return the product of two lengths as a value."""
    if isinstance(one, int) and isinstance(other, int):
        return draft.constant(one * other)
    return draft.op("Mul", draft.scalar(one), draft.scalar(other))


def _between(draft: ReplacementBuilder, place: str, least: int, most: int | str) -> str:
    """Return places limited to these numbers."""
    if isinstance(most, int):
        return draft.op("Clip", place, min=least, max=most)
    return draft.op("Min", draft.op("Max", place, draft.number(least)), draft.cast(most, draft.dtype()))
