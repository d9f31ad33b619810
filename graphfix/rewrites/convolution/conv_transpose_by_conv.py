"""ConvTranspose<strides = [s]>(x, w) = Conv(x with s - 1 zeros after each element, w turned round)."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np

from graphfix.rewrites.convolution.explicit_transposed_pads import transposed_pads
from graphfix.rewrites.convolution.windows import padded
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class ConvTransposeByConv(BuiltRewrite):
    """Write a ConvTranspose as a Conv over its input with zeros between the elements.

    Why: some compilers support ConvTranspose only without groups, or dilations beside strides, or with fixed sizes, and Conv
    with all of them. The Conv multiplies the inserted zeros too, so that it costs as much more as the strides multiply to.
    """

    name = "conv-transpose-by-conv"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("ConvTranspose", traits=("dilations", "group", "strides", "W.from", "W.dims", "X.dims", "X.rank")),)
    before = "y = ConvTranspose<strides = [2]>(x, w)"
    after = """spread = Unsqueeze<axes = [3]>(x)
               zeros = Pad(spread, pads)
               sparse = Reshape(zeros, dims)
               y = Conv<pads = [1, 0]>(sparse, turned)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, L] x) => (float[N, 4, M] y)
               <float[2, 2, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 3, 5}, float[4] b = {0.5, 1, 2, 3}> {
                 y = ConvTranspose<strides = [2], dilations = [2], group = 2, pads = [1, 1]>(x, w, b) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 1, H, W] x) => (float[N, 2, A, B] y)
               <float[1, 2, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}> {
                 y = ConvTranspose<strides = [2, 3], output_padding = [1, 0]>(x, w) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, A, B] x) => (float[1, 1, C, D] y)
               <float[1, 1, 1, 2] w = {1, 2}> { y = ConvTranspose<pads = [1, 0, 1, 0]>(x, w) }""",
            ops=("Slice", "Pad", "Conv"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 3, 4] x, float[4, 3, 2, 3] w) => (float[1, 6, 6, 9] y) {
                 y = ConvTranspose<strides = [2, 2], group = 2>(x, w) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 1, 3] x, float[1, M, 2] w) => (float[1, M, 4] y) {
                 y = ConvTranspose(x, w) }""",
            because="the dims of its weight are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 3, 4] x) => (float[1, 1, 6, 8] y)
               <float[1, 1, 2, 3] w = {1, 2, 3, 4, 5, 6}> {
                 y = ConvTranspose<strides = [2, 2], auto_pad = "SAME_LOWER">(x, w) }""",
            because="its pads are not numbers yet, as explicit-transposed-pads writes them",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        weight, shape = draft.fixed(1), draft.shape()
        if weight is None:
            return "the dims of its weight are not fixed"
        if shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        if draft.attribute("output_shape") is not None or draft.attribute("auto_pad", "NOTSET").startswith("SAME"):
            return "its pads are not numbers yet, as explicit-transposed-pads writes them"
        kernel = list(weight[2:])
        count, group = len(kernel), draft.attribute("group", 1)
        found = transposed_pads(draft, kernel, count)
        if isinstance(found, str):
            return found
        strides, dilations = (list(draft.attribute(name) or [1] * count) for name in ("strides", "dilations"))
        x, dims = draft.inputs[0], [dim if isinstance(dim, int) else None for dim in shape]
        for axis, stride in reversed(list(enumerate(strides, 2))):
            if stride > 1:
                x = _spread(draft, x, dims, axis, stride)
        reach = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
        before = [extent - cut for extent, cut in zip(reach, found[0], strict=True)]
        after = [extent - cut - stride + 1 for extent, cut, stride in zip(reach, found[1], strides, strict=True)]
        x = padded(draft, x, before, after)
        rest = [draft.inputs[2]] if draft.has(2) else []
        turned = _turned(draft, weight, group)
        if strides == [1] or count > 1:
            draft.give(draft.op("Conv", x, turned, *rest, group=group, dilations=dilations))
            return None
        x, turned = draft.op("Unsqueeze", x, axes=[2]), draft.standing(turned, [2])  # of two dims: XNNPACK cannot reshape one row
        row = draft.op("Conv", x, turned, *rest, group=group, dilations=[1, *dilations])
        draft.give(draft.op("Squeeze", row, axes=[2]))
        return None


def _turned(draft: ReplacementBuilder, dims: tuple[int, ...], group: int) -> str:
    """Return the weight of the Conv: channels exchanged within each group, and the kernel reversed along every axis."""
    taps = prod(dims[2:])
    parted, whole = [group, dims[0] // group, dims[1], taps], [group * dims[1], dims[0] // group, *dims[2:]]
    known = draft.known(1)
    if known is not None:
        return draft.constant(known.reshape(parted).swapaxes(1, 2)[..., ::-1].reshape(whole), known.dtype)
    turned = draft.transpose(draft.reshape(draft.inputs[1], parted), [0, 2, 1, 3])
    if taps > 1:
        turned = draft.op("Gather", turned, draft.constant(np.arange(taps)[::-1]), axis=3)
    return draft.reshape(turned, whole)


def _spread(draft: ReplacementBuilder, x: str, dims: list[int | None], axis: int, stride: int) -> str:
    """Return the value with zeros after each element of an axis, whose entry in `dims` is brought up to date."""
    rank, size = len(dims), dims[axis]
    moved = [place for place in range(rank) if place != axis] + [axis]
    behind = dims[axis + 1 :]
    turn = (size is None and None in behind) or behind.count(None) > 1
    place = rank - 1 if turn else axis
    if turn:
        x = draft.transpose(x, moved)
    x = draft.op("Unsqueeze", x, axes=[place + 1])
    pads = [0] * (2 * rank + 2)
    pads[rank + 1 + place + 1] = stride - 1
    x = draft.op("Pad", x, pads=pads, value=0.0, mode="constant")
    dims[axis] = None if size is None else size * stride
    later = [] if turn else behind
    wide = -1 if size is None else size * stride
    x = draft.reshape(x, [0] * place + [wide] + [-1 if dim is None else dim for dim in later])
    return draft.transpose(x, [moved.index(axis) for axis in range(rank)]) if turn else x
