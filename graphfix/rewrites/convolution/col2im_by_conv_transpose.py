"""Col2Im(x) = ConvTranspose(x, e), e_k being one at position k of the kernel: overlapping blocks are added."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class Col2imByConvTranspose(BuiltRewrite):
    """Write Col2Im as a transposed convolution that copies each column to its position.

    Why: frameworks have an operator that folds patches into an image; most compilers do not support it, and all support
    transposed convolutions.
    """

    name = "col2im-by-conv-transpose"
    safety = Safety.EXACT
    needs_opset = 18
    ulps = 16
    differs_at = ("nan", "inf")
    fixes = (FixRule("Col2Im"),)
    before = "y = Col2Im(x, image_shape, block_shape)"
    after = """wide = Reshape(x, dims)
               y = ConvTranspose<group = 3>(wide, ones)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 8, 6] x) => (float[N, 2, 3, 4] y)
               <int64[2] image = {3, 4}, int64[2] block = {2, 2}> { y = Col2Im(x, image, block) }""",
            ops=("Reshape", "ConvTranspose"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 4, 9] x) => (float[2, 1, 5, 5] y)
               <int64[2] image = {5, 5}, int64[2] block = {2, 2}> {
                 y = Col2Im<strides = [2, 1], pads = [1, 0, 1, 1], dilations = [2, 3]>(x, image, block) }""",
            ops=("Reshape", "ConvTranspose"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 4, 4] x, int64[2] image) => (float[1, 1, A, B] y)
               <int64[2] block = {2, 2}> { y = Col2Im(x, image, block) }""",
            because="the sizes of its image and blocks are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        image, block, shape = draft.known(1), draft.known(2), draft.shape()
        if image is None or block is None:
            return "the sizes of its image and blocks are not known"
        if shape is None or not isinstance(shape[1], int):
            return f"the channels of `{draft.node.inputs[0].name}` are not fixed"
        count, taps = image.size, int(block.prod())
        channels = shape[1] // taps
        strides, dilations = (list(draft.attribute(name) or [1] * count) for name in ("strides", "dilations"))
        pads = list(draft.attribute("pads") or [0] * 2 * count)
        steps, spare = [], []
        for i in range(count):
            room = int(image[i]) + pads[i] + pads[i + count] - (int(block[i]) - 1) * dilations[i] - 1
            steps.append(room // strides[i] + 1)
            spare.append(room % strides[i])
        weight = np.tile(np.eye(taps).reshape(taps, 1, *block), (channels, *[1] * (count + 1)))
        wide = draft.reshape("in0", [-1, channels * taps, *steps])
        extra = {"output_padding": spare} if any(spare) else {}
        draft.give(
            draft.op("ConvTranspose", wide, draft.number(weight), group=channels, strides=strides, dilations=dilations,
                     pads=pads, **extra)
        )  # fmt: skip
        return None
