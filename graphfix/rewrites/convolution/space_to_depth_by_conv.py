"""SpaceToDepth = Conv: each output channel takes one place of the blocks of one input channel, by a kernel with a single 1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class SpaceToDepthByConv(BuiltRewrite):
    """Move blocks of pixels to channels by a convolution with stride, one group for each channel.

    Why: a compiler may need the sizes of an image to cut it into blocks, while its convolutions take images of any size. The
    kernel has a single 1 and zeros, so that a result is one element of the input, unless another one in its block is no number.
    """

    name = "space-to-depth-by-conv"
    safety = Safety.EXACT
    needs_opset = 5
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("SpaceToDepth", kinds=("dynamic",)),)
    before = "y = SpaceToDepth<blocksize = 2>(x)"
    after = """c = Conv<group = 4, strides = [2, 2]>(x, places)
               y = Gather<axis = 1>(c, order)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3, H, W] x) => (float[N, 12, h, w] y) {
                 r = Tile(x, twice)
                 y = SpaceToDepth<blocksize = 2>(r) }""".replace("{\n", "<int64[4] twice = {1, 1, 2, 2}> {\n", 1),
            ops=("Tile", "Conv", "Gather"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 6, 9] x) => (float[N, 9, 2, 3] y) {
                 y = SpaceToDepth<blocksize = 3>(x) }""",
            ops=("Conv",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, C, 4, 4] x) => (float[1, D, 2, 2] y) {
                 y = SpaceToDepth<blocksize = 2>(x) }""",
            because="the channels of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        if dims is None or len(dims) != 4 or not isinstance(dims[1], int):
            return f"the channels of `{draft.node.inputs[0].name}` are not fixed"
        channels, size = dims[1], int(draft.attribute("blocksize"))
        kernel = np.eye(size * size).reshape(-1, 1, size, size)
        places = draft.number(np.tile(kernel, (channels, 1, 1, 1)))
        made = draft.op("Conv", draft.inputs[0], places, group=channels, strides=[size, size])
        if channels > 1:
            order = np.arange(channels * size * size).reshape(channels, size * size).T.reshape(-1)
            made = draft.op("Gather", made, draft.constant(order), axis=1)
        draft.give(made)
        return None
