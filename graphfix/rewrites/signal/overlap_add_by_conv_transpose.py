"""ScatterND(x, i, u, add) = x + ConvTranspose(u, e) for frames that overlap by a constant step, as an inverse STFT adds them.

Frame f and time t are added at f * step + t. With g the greatest common divisor of the step and the frame's length, a frame
is length / g pieces of g elements, and the transposed convolution adds pieces: its kernel has (length / g)^2 elements.
"""

from __future__ import annotations

from math import gcd, prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_PIECES = 1 << 10
"""The most pieces of a frame; the kernel of a transposed convolution has this number squared of elements."""


class OverlapAddByConvTranspose(BuiltRewrite):
    """Write the sum of overlapping frames as a transposed convolution.

    Why: exporters write the end of an inverse short-time Fourier transform as a scatter that adds, which few compilers
    support, and all support transposed convolutions.
    """

    name = "overlap-add-by-conv-transpose"
    safety = Safety.EXACT
    needs_opset = 16
    ulps = 16
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("ScatterND"),)
    before = "y = ScatterND(x, indices, updates)"
    after = """frames = Reshape(updates, dims)
               sums = ConvTranspose<strides = [2]>(frames, ones)
               y = Reshape(sums, whole)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[10] x, float[12] u) => (float[10] y)
               <int64[12, 1] i = {1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7, 8}> { y = ScatterND<reduction = "add">(x, i, u) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[18, N] u) => (float[14, N] y)
               <int64[18, 1] i = {0, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13}, int64[1] length = {14},
                float[1] zero = {0}> {
                 sizes = Shape<start = 1>(u)
                 both = Concat<axis = 0>(length, sizes)
                 x = Expand(zero, both)
                 y = ScatterND<reduction = "add">(x, i, u) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[8, 2, 2] u) => (float[6, 2, 2] y)
               <int64[8, 1] i = {0, 1, 2, 3, 2, 3, 4, 5}, int64[3] dims = {6, 2, 2}> {
                 x = ConstantOfShape(dims)
                 y = ScatterND<reduction = "add">(x, i, u) }""",
            ops=("Reshape", "Transpose", "Reshape", "ConvTranspose", "Reshape", "Transpose", "Reshape"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[5] x, float[4] u) => (float[5] y)
               <int64[4, 1] i = {0, 1, 1, 3}> { y = ScatterND<reduction = "add">(x, i, u) }""",
            because="what it adds are not frames of one length at a constant step",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[5] x, float[4] u) => (float[5] y)
               <int64[4, 1] i = {0, 1, 2, 3}> { y = ScatterND(x, i, u) }""",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        where, dims, added = draft.known(1), draft.shape(), draft.shape(2)
        if draft.attribute("reduction", "none") != "add" or where is None or dims is None or where.shape[1:] != (1,):
            return ""
        found = _frames(where.reshape(-1))
        whole, rest = dims[0], dims[1:]
        if found is None:
            return "what it adds are not frames of one length at a constant step"
        start, count, length, step = found
        if not isinstance(whole, int) or added is None or sum(not isinstance(dim, int) for dim in rest) > 1:
            return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
        piece = gcd(length, step)
        pieces = length // piece
        if pieces > MOST_PIECES:
            return f"frames of length {length} at step {step} have {pieces} pieces, over {MOST_PIECES}"
        stated = [dim if isinstance(dim, int) else -1 for dim in rest]
        beside = -1 if -1 in stated else prod(stated)
        covered = (count - 1) * step + length
        frames = draft.reshape("in2", [count, pieces, piece, beside])
        frames = draft.reshape(draft.transpose(frames, [3, 2, 1, 0]), [max(beside * piece, -1), pieces, count])
        kernel = draft.number(np.eye(pieces)[:, None, :], 2)
        sums = draft.op("ConvTranspose", frames, kernel, strides=[step // piece])
        sums = draft.transpose(draft.reshape(sums, [beside, piece, covered // piece]), [2, 1, 0])
        sums = draft.reshape(sums, [covered, *stated])
        after = whole - start - covered
        if start or after:
            sums = draft.op("Pad", sums, pads=[start, *[0] * len(rest), after, *[0] * len(rest)])
        value = draft.known(0)
        draft.give(sums if value is not None and not value.any() else draft.op("Add", "in0", sums))
        return None


def _frames(places: npt.NDArray[Any]) -> tuple[int, int, int, int] | None:
    """Return the start, the number of frames, their length and their step; None where the places are no overlapping frames."""
    breaks = np.flatnonzero(np.diff(places) != 1)
    if not breaks.size:
        return None
    length = int(breaks[0]) + 1
    step = int(places[length] - places[0])
    if places[0] < 0 or places.size % length or not 0 < step < length:
        return None
    count = places.size // length
    regular = places[0] + step * np.arange(count)[:, None] + np.arange(length)
    return (int(places[0]), count, length, step) if np.array_equal(regular.reshape(-1), places) else None
