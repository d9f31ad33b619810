"""MaxRoiPool(x, rois)[r, c, i, j] = max over the rows of bin i and the columns of bin j of x[batch of r, c], 0 where none is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeMaxRoiPool(BuiltRewrite):
    """Write MaxRoiPool as masked maxima: elements outside a bin are masked along the rows, then along the columns.

    Why: early detectors use it, and few compilers support it; all support comparisons, Where and ReduceMax. The regions
    may be computed at run time.
    """

    name = "decompose-max-roi-pool"
    safety = Safety.EXACT
    needs_opset = 9
    differs_at = ("nan", "inf")
    fixes = (FixRule("MaxRoiPool"),)
    dtypes = ("float32",)
    before = "y = MaxRoiPool<pooled_shape = [2, 2]>(x, rois)"
    after = """inside = And(from, to)
               rows = Where(inside, picture, lowest)
               tall = ReduceMax<axes = [3]>(rows)
               columns = Where(within, tall, lowest)
               y = ReduceMax<axes = [4]>(columns)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[2, 2, 7, 6] x, float[3, 4] r) => (float[3, 2, 2, 3] y)
               <float[3, 1] b = {0, 1, 0}, float four = {4}> {
                 a = Abs(r)
                 s = Mul(a, four)
                 rois = Concat<axis = 1>(b, s)
                 y = MaxRoiPool<pooled_shape = [2, 3], spatial_scale = 0.75>(x, rois) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[1, 2, H, W] x) => (float[2, 2, 2, 2] y)
               <float[2, 5] rois = {0, 1, 1, 3, 4, 0, -2, 0.5, 2.5, 90}> {
                 y = MaxRoiPool<pooled_shape = [2, 2]>(x, rois) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float16[1, 2, 5, 5] x, float16[1, 5] rois) => (float16[1, 2, 2, 2] y) {
                 y = MaxRoiPool<pooled_shape = [2, 2]>(x, rois) }""",
            because="`x` is float16, not float32",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        column = [draft.op("Gather", "in1", draft.constant(place), axis=1) for place in range(5)]
        scale = float(draft.attribute("spatial_scale", 1.0))
        left, top, right, bottom = (_whole(draft, name, scale) for name in column[1:])
        taken = draft.op("Gather", "in0", draft.cast(column[0], "int64"), axis=0)
        count = draft.attribute("pooled_shape")
        rows, no_rows = _bins(draft, top, bottom, int(count[0]), 2)
        columns, no_columns = _bins(draft, left, right, int(count[1]), 3)
        lowest = draft.number(np.finfo(np.float32).min)
        # [R, 1, bins, H, 1] over [R, C, 1, H, W], then [R, 1, 1, bins, W] over [R, C, bins, 1, W]
        tall = draft.op("Where", draft.op("Unsqueeze", rows, axes=[1, 4]), draft.op("Unsqueeze", taken, axes=[2]), lowest)
        tall = draft.op("ReduceMax", tall, axes=[3], keepdims=0)
        wide = draft.op("Where", draft.op("Unsqueeze", columns, axes=[1, 2]), draft.op("Unsqueeze", tall, axes=[3]), lowest)
        wide = draft.op("ReduceMax", wide, axes=[4], keepdims=0)
        empty = draft.op("Or", draft.op("Unsqueeze", no_rows, axes=[1, 3]), draft.op("Unsqueeze", no_columns, axes=[1, 2]))
        draft.give(draft.op("Where", empty, draft.number(0), wide))
        return None


def _whole(draft: ReplacementBuilder, name: str, scale: float) -> str:
    """Return a coordinate [R] in pixels, halves rounded away from zero."""
    scaled = name if scale == 1.0 else draft.op("Mul", name, draft.number(scale))
    near = draft.op("Floor", draft.op("Add", draft.op("Abs", scaled), draft.number(0.5)))
    return draft.op("Mul", draft.op("Sign", scaled), near)


def _bins(draft: ReplacementBuilder, start: str, end: str, count: int, axis: int) -> tuple[str, str]:
    """Return masks of the elements of an axis in each bin, [R, bins, length], and of the empty bins, [R, bins]."""
    one, zero = draft.number(1), draft.number(0)
    length = draft.size(axis)
    limit = draft.number(length) if isinstance(length, int) else draft.cast(length, "float32")
    extent = draft.op("Max", draft.op("Add", draft.op("Sub", end, start), one), one)
    step = draft.op("Unsqueeze", draft.op("Div", extent, draft.number(count)), axes=[1])
    origin = draft.op("Unsqueeze", start, axes=[1])
    edges = []
    for rounding, first in (("Floor", 0), ("Ceil", 1)):
        numbers = draft.number(np.arange(first, first + count))
        edge = draft.op("Add", draft.op(rounding, draft.op("Mul", numbers, step)), origin)
        edges.append(draft.op("Min", draft.op("Max", edge, zero), limit))
    places = draft.places(length, "float32")
    low, high = (draft.op("Unsqueeze", edge, axes=[2]) for edge in edges)
    inside = draft.op("And", draft.op("Not", draft.op("Less", places, low)), draft.op("Less", places, high))
    return inside, draft.op("Not", draft.op("Less", *edges))
