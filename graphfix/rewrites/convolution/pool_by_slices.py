"""MaxPool(x)[i] = max over k of x[s * i + d * k], and AveragePool their sum by the count: one slice for each position k."""

from __future__ import annotations

from functools import reduce
from typing import ClassVar

import numpy as np

from graphfix.rewrites.convolution.windows import MOST_TAPS, Windows, lowest, padded, windows
from graphfix.rewrites.recurrent.operands import is_read
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class PoolBySlices(BuiltRewrite):
    """Write a pool as strided slices of its padded input that are compared or added.

    Why: compilers support plain pools and reject dilations, ceil_mode in three dims, or the indices of the maxima. The
    indices come from comparing the slices one after another, as the pool itself does.
    """

    name = "pool-by-slices"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 16
    differs_at = ("nan", "inf")
    fixes = (*(FixRule(op, kinds=("attribute", "optional", "rank")) for op in ("MaxPool", "AveragePool")),)
    ops = ("AveragePool",)
    before = "y = MaxPool<kernel_shape = [2], dilations = [2]>(x)"
    after = """a = Slice(x, zero, size)
               b = Slice(x, two, end)
               y = Max(a, b)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (float[N, C, 6, 7] x) => (float[N, C, 4, 2] y) {
                 y = MaxPool<kernel_shape = [2, 3], dilations = [2, 2], strides = [1, 3], pads = [0, 1, 0, 2]>(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 5, 5] x) => (float[2, 3, 3, 3] y, int64[2, 3, 3, 3] i) {
                 y, i = MaxPool<kernel_shape = [2, 2], strides = [2, 2], ceil_mode = 1>(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[1, 2, 7] x) => (float[1, 2, 3] y) {
                 y = AveragePool<kernel_shape = [3], dilations = [2], strides = [2], pads = [1, 1]>(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[1, 1, 4, 4, 5] x) => (float[1, 1, 2, 2, 3] y) {
                 y = AveragePool<kernel_shape = [2, 2, 2], strides = [2, 2, 2], count_include_pad = 1, ceil_mode = 1>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 40, 40] x) => (float[1, 1, 24, 24] y) {
                 y = MaxPool<kernel_shape = [9, 9], dilations = [2, 2]>(x) }""",
            because="81 places would be written out, over 64",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 5, N] x) => (float[1, 1, 4, M] y) {
                 y = MaxPool<kernel_shape = [2, 2]>(x) }""",
            because="the spatial dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        found = windows(draft)
        if isinstance(found, str):
            return found
        if found.taps > MOST_TAPS:
            return f"{found.taps} places would be written out, over {MOST_TAPS}"
        dtype = draft.surgery.dtype(draft.node.inputs[0])
        if dtype is None or (draft.node.op == "MaxPool" and dtype.kind not in "fiu"):
            return f"the dtype of `{draft.node.inputs[0].name}` is not known"
        if draft.node.op == "AveragePool":
            _average(draft, found)
        elif is_read(draft, 1):
            return _with_places(draft, found)
        else:
            x = padded(draft, "in0", found.before, found.reach, lowest(draft))
            views = [found.view(draft, x, place) for place in found.places()]
            draft.give(reduce(lambda a, b: draft.op("Max", a, b), views))
        return None


def _average(draft: ReplacementBuilder, found: Windows) -> None:
    """Write the sum of the slices divided by the count, which depends on the pads."""
    x = padded(draft, "in0", found.before, found.reach)
    total = reduce(lambda a, b: draft.op("Add", a, b), [found.view(draft, x, place) for place in found.places()])
    inside = np.ones(found.size)
    if draft.attribute("count_include_pad", 0):
        inside = np.pad(inside, list(zip(found.before, found.after, strict=True)), constant_values=1)
        more = [max(0, reach - after) for reach, after in zip(found.reach, found.after, strict=True)]
        inside = np.pad(inside, [(0, amount) for amount in more])
    else:
        inside = np.pad(inside, [(b, max(0, a)) for b, a in zip(found.before, found.reach, strict=True)])
    counts = np.zeros(found.out)
    for place in found.places():
        cut = tuple(slice(p, p + (o - 1) * s + 1, s) for p, o, s in zip(place, found.out, found.strides, strict=True))
        counts += inside[cut]
    draft.give(draft.op("Div", total, draft.number(counts if len(set(counts.flat)) > 1 else counts.flat[0])))


def _with_places(draft: ReplacementBuilder, found: Windows) -> str | None:
    """Write the maxima and their indices: a later position replaces an earlier one only where it is greater."""
    shape = draft.fixed()
    if shape is None:
        return f"the places in `{draft.node.inputs[0].name}` depend on its batch and channels, which are not fixed"
    order = draft.attribute("storage_order", 0)
    flat = np.arange(np.prod(found.size)).reshape(found.size, order="F" if order else "C")
    flat = np.pad(flat, [(b, max(0, r)) for b, r in zip(found.before, found.reach, strict=True)], constant_values=-1)
    planes = np.arange(shape[0] * shape[1]).reshape(shape[0], shape[1], *[1] * len(found.size)) * int(np.prod(found.size))
    x = padded(draft, "in0", found.before, found.reach, lowest(draft))
    best, where = "", ""
    for place in found.places():
        cut = tuple(slice(p, p + (o - 1) * s + 1, s) for p, o, s in zip(place, found.out, found.strides, strict=True))
        value, here = found.view(draft, x, place), draft.constant(flat[cut].astype(np.int64)[None, None])
        if not best:
            best, where = value, here
            continue
        greater = draft.op("Greater", value, best)
        where = draft.op("Where", greater, here, where)
        best = draft.op("Max", value, best)
    draft.give(best)
    draft.give(draft.op("Add", where, draft.constant(planes.astype(np.int64))), 1)
    return None
