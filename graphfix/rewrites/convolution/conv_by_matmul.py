"""Conv(x, w) = MatMul(w, patches of x): a convolution whose weight is computed, as a product of matrices."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np

from graphfix.rewrites.convolution.windows import Windows, padded, windows
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_PLACES = 1 << 20
"""The most elements of one channel's patches, for which there is an index each."""


class ConvByMatmul(BuiltRewrite):
    """Write a Conv whose weight is computed at run time as a Gather of its patches and a matrix product.

    Why: trackers correlate with a template that is an input, generators scale their weights by a style, and some compilers
    take constant weights only. A matrix product takes computed operands everywhere.
    """

    name = "conv-by-matmul"
    safety = Safety.EXACT
    needs_opset = 5
    ulps = 256
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("Conv", traits=("W.from", "W.dims", "W.rank", "dilations")),)
    before = "y = Conv(x, w)"
    after = """patches = Gather<axis = 2>(pixels, places)
               y = MatMul(w, patches)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2, 5, 6] x, float[3, 2, 3, 2] w, float[3] b)
               => (float[N, 3, 5, 3] y) { y = Conv<pads = [1, 1, 1, 0], strides = [1, 2]>(x, w, b) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 7, 7] x, float[4, 1, 3, 3] w) => (float[1, 4, 5, 5] y) {
                 y = Conv<group = 4>(x, w) }""",
            ops=("Reshape", "Reshape", "Gather", "Reshape", "MatMul", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 4, 9] x, float[6, 2, 3] w) => (float[2, 6, 5] y) {
                 y = Conv<group = 2, dilations = [2]>(x, w) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x) => (float[1, 1, 3] y)
               <float[1, 1, 2] w = {1, 2}> { y = Conv(x, w) }""",
            because="its weight is a constant",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, K] x, float[1, 1, 2] w) => (float[1, 1, L] y) {
                 y = Conv(x, w) }""",
            because="the spatial dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x, float[M, 1, 2] w) => (float[1, M, 3] y) {
                 y = Conv(x, w) }""",
            because="the dims of its weight are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.known(1) is not None:
            return "its weight is a constant"
        weight, shape = draft.fixed(1), draft.shape()
        if weight is None or shape is None or len(shape) < 3 or not isinstance(shape[1], int):
            return "the dims of its weight are not fixed"
        found = windows(draft)
        if isinstance(found, str):
            return found
        places, count = _places(found), prod(found.out)
        if places.size > MOST_PLACES:
            return f"its patches have {places.size} elements for each channel, over {MOST_PLACES}"
        group, channels, made = draft.attribute("group", 1), shape[1], weight[0]
        pixels = padded(draft, draft.inputs[0], found.before, [max(0, reach) for reach in found.reach])
        patches = draft.op("Gather", draft.reshape(pixels, [0, channels, -1]), draft.constant(places), axis=2)
        inner = channels // group * found.taps
        if group == 1:
            patches = draft.reshape(patches, [0, inner, count])
            rows = draft.reshape(draft.inputs[1], [made, inner])
        else:
            patches = draft.reshape(patches, [0, group, inner, count])
            rows = draft.reshape(draft.inputs[1], [group, made // group, inner])
        product = draft.reshape(draft.op("MatMul", rows, patches), [0, made, *found.out])
        if draft.has(2):
            product = draft.op("Add", product, draft.column(2, len(found.out)))
        draft.give(product)
        return None


def _places(found: Windows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the flat places of all patches in a padded channel, the kernel positions first."""
    spans = zip(found.before, found.size, found.reach, strict=True)
    sizes = [before + size + max(0, reach) for before, size, reach in spans]
    starts = np.indices(found.out, np.int64).reshape(len(found.out), -1) * np.asarray(found.strides)[:, None]
    taps = np.asarray(list(found.places()), np.int64).T
    places = taps[:, :, None] + starts[:, None, :]
    return np.asarray(np.ravel_multi_index(tuple(places), tuple(sizes)), np.int64).reshape(-1)
