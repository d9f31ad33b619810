"""STFT(x) = Conv(x, w), w holding the window times the cosines and sines of every bin, with the frame step as stride.

A long frame is split by two factors of its length as a DFT is: with time second * a + b, a convolution over a for each
b, with the twiddles in its weights, and then a product over b. The factor `second` has to divide the step between frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np

from graphfix.rewrites.signal.fourier import MOST_CONSTANTS, ONE_PRODUCT, Floats, of_complex, product_matrix, waves
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


@dataclass(frozen=True, slots=True)
class Frames:
    """What an STFT computes: the length, window and step of its frames, the signal's parts, the bins, the batch and frames.

    `window` is None where it is computed. `batch` and `count`, the number of frames, are 0 where they are dynamic.
    """

    length: int
    window: Floats | None
    step: int
    parts: int
    bins: int
    batch: int
    count: int

    @property
    def second(self) -> int:
        """The factor of the length by which a frame is split; 1 where none is of use."""
        most = gcd(self.length, self.step)
        usable = [factor for factor in range(1, most + 1) if most % factor == 0]
        return min(usable, key=self.split_size)

    def split_size(self, second: int) -> int:
        """The number of elements of the constants when a frame is split."""
        first = self.length // second
        return second * second + 2 * first * self.length + (2 * second) ** 2


class StftByConv(BuiltRewrite):
    """Write a short-time Fourier transform as a strided convolution with constant cosines and sines.

    Why: few compilers have Fourier transforms, all have convolutions, which frame a signal of any length. Frames whose
    kernels have over 2^21 elements are transformed in two steps. A window that is computed is multiplied into the kernels
    when the model runs.
    """

    name = "stft-by-conv"
    safety = Safety.EXACT
    needs_opset = 17
    ulps = 64
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    fixes = (FixRule("STFT"),)
    before = "y = STFT(x, step, window, length)"
    after = """channels = Reshape(x, dims)
               bins = Conv<strides = [4]>(channels, waves)
               rows = Transpose<perm = [0, 2, 1]>(bins)
               y = Reshape(rows, pairs)"""
    fires: ClassVar[tuple[Case, ...]] = (
        *(
            Case(
                f"""<ir_version: 8, opset_import: ["" : 17]> g ({dtype}[{taken}] x) => ({dtype}[{made}] y)
                   <int64 s = {{{step}}}, {dtype}[5] w = {{0.25, 0.5, 1, 0.75, -2}}, int64 n = {{{length}}}> {{
                     y = STFT<{settings}>({operands}) }}""",
                ops=ops,
            )
            for dtype, taken, made, step, length, settings, operands, ops in (
                ("float", "N, L, 1", "N, F, 3, 2", 2, 5, "onesided = 1", "x, s, w, n",
                 ("Reshape", "Conv", "Transpose", "Reshape")),
                ("float", "2, 19", "2, 5, 3, 2", 3, 5, "onesided = 1", "x, s, w",
                 ("Reshape", "Conv", "Transpose", "Reshape")),
                ("float", "2, 19, 2", "2, 6, 5, 2", 3, 4, "onesided = 0", "x, s, , n",
                 ("Transpose", "Conv", "Transpose", "Reshape")),
                ("float", "1, L, 1", "1, F, 5, 2", 2, 8, "onesided = 1", "x, s, , n",
                 ("Reshape", "Conv", "Transpose", "Reshape")),
                ("double", "1, 12, 1", "1, 4, 5, 2", 2, 5, "onesided = 0", "x, s, w, n",
                 ("Reshape", "Conv", "Transpose", "Reshape")),
                ("float", "2, 4500, 1", "2, 5, 1025, 2", 600, 2048, "onesided = 1", "x, s, , n", ("*",)),
                ("float", "2, 6600, 1", "2, 6, 2049, 2", 512, 4096, "onesided = 1", "x, s, , n", ("*",)),
            )
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float16[1, 12, 1] x) => (float16[1, 4, 3, 2] y)
               <int64 s = {2}, int64 n = {5}> { y = STFT(x, s, , n) }""",
            ops=("Reshape", "Conv", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 5000] x) => (float[1, 4, 2160, 2] y)
               <int64 s = {960}, int64 n = {2160}> { y = STFT<onesided = 0>(x, s, , n) }""",
            ops=("Reshape", "Conv", "Conv", "Reshape", "Transpose", "Reshape", "MatMul", "Transpose", "Reshape", "Transpose"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 64, 1] x, float[16] w) => (float[N, F, 9, 2] y)
               <int64 s = {4}> { y = STFT<onesided = 1>(x, s, w) }""",
            ops=("Reshape", "Mul", "Conv", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 20, 2] x, float[10] w) => (float[1, 3, 10, 2] y)
               <int64 s = {5}, int64 n = {10}> { y = STFT<onesided = 0>(x, s, w, n) }""",
            ops=("Transpose", "Mul", "Conv", "Transpose", "Reshape"),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 64, 1] x, float[W] w) => (float[1, F, 9, 2] y)
               <int64 s = {4}> { y = STFT(x, s, w) }""",
            because="the length of its window `w` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 64, 1] x, int64 s) => (float[1, F, 9, 2] y)
               <int64 n = {16}> { y = STFT(x, s, , n) }""",
            because="its frame step `s` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 9000, 1] x) => (float[1, F, 4096, 2] y)
               <int64 s = {7}, int64 n = {4096}> { y = STFT<onesided = 0>(x, s, , n) }""",
            because=f"frames of length 4096 at step 7 take constants of over {MOST_CONSTANTS} elements",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        frames = _frames(draft)
        if isinstance(frames, str):
            return frames
        size = 2 * frames.bins * frames.parts * frames.length
        second = frames.second
        split = size > ONE_PRODUCT and frames.parts == 1 and frames.window is not None and frames.split_size(second) < size
        if (frames.split_size(second) if split else size) > MOST_CONSTANTS:
            said = f"frames of length {frames.length} at step {frames.step}"
            return f"{said} take constants of over {MOST_CONSTANTS} elements"
        dims = draft.shape() or ()
        if frames.parts == 2:
            signal = draft.transpose("in0", [0, 2, 1])
        else:
            signal = draft.reshape("in0", [frames.batch, 1, dims[1] if isinstance(dims[1], int) else -1])
        draft.give(_in_two(draft, signal, frames, second) if split else _in_one(draft, signal, frames))
        return None


def _in_one(draft: ReplacementBuilder, signal: str, frames: Frames) -> str:
    """Return the transform of every frame, as one convolution."""
    wave = waves(frames.length, frames.bins, frames.length, -1)
    if frames.window is not None:
        wave = wave * frames.window[:, None, None]
    matrix = product_matrix(wave, frames.parts, 2).reshape(frames.length, frames.parts, 2 * frames.bins)
    weight = draft.number(matrix.transpose(2, 1, 0))
    if frames.window is None:
        weight = draft.op("Mul", weight, draft.inputs[2])
    found = draft.op("Conv", signal, weight, strides=[frames.step])
    return draft.reshape(draft.transpose(found, [0, 2, 1]), [frames.batch, frames.count, frames.bins, 2])


def _in_two(draft: ReplacementBuilder, signal: str, frames: Frames, second: int) -> str:
    """Return the transform of every frame: a convolution for each time below `second`, and a product over these times."""
    first = frames.length // second
    grouped = draft.op("Conv", signal, draft.number(np.eye(second)[:, None, :]), strides=[second])  # it cuts the rest off
    sums = waves(first, first, first, -1)[:, None]
    turned = sums[..., 0] + 1j * sums[..., 1]
    twiddle = waves(second, first, frames.length, -1)
    turned = turned * (twiddle[..., 0] + 1j * twiddle[..., 1])[None]
    assert frames.window is not None
    turned = turned * frames.window.reshape(first, second)[..., None]
    weight = np.stack([turned.real, turned.imag], axis=-1).reshape(first, second, 2 * first)
    weight = weight.transpose(1, 2, 0).reshape(second * 2 * first, 1, first)
    mixed = draft.op("Conv", grouped, draft.number(weight), strides=[frames.step // second], group=second)
    mixed = draft.reshape(mixed, [frames.batch, second, 2 * first, frames.count or -1])
    rows = draft.reshape(draft.transpose(mixed, [0, 3, 2, 1]), [frames.batch, frames.count, first, 2 * second])
    ends = of_complex(waves(second, second, second, -1)).transpose(1, 0, 3, 2).reshape(2 * second, 2 * second)
    found = draft.transpose(draft.op("MatMul", rows, draft.number(ends)), [0, 1, 3, 2])
    found = draft.reshape(found, [frames.batch, frames.count, 2, frames.length])
    if frames.bins < frames.length:
        found = draft.op("Slice", found, starts=[0], ends=[frames.bins], axes=[3])
    return draft.transpose(found, [0, 1, 3, 2])


def _frames(draft: ReplacementBuilder) -> Frames | str:
    """Return what the node computes, or why that is not known."""
    dims, names = draft.shape(), [tensor.name for tensor in draft.node.inputs]
    if dims is None or len(dims) not in (2, 3):
        return f"the rank of `{names[0]}` is not known to be 2 or 3"
    parts = dims[2] if len(dims) == 3 else 1
    if not isinstance(parts, int) or parts not in (1, 2):
        return f"the last dim of `{names[0]}` is not known to be 1 or 2"
    for place, said in ((1, "frame step"), (3, "frame length")):
        if draft.has(place) and draft.known(place) is None:
            return f"its {said} `{names[place]}` is not known"
    step, window, given_length = (None if value is None else value.reshape(-1) for value in map(draft.known, (1, 2, 3)))
    width = (draft.shape(2) or (None,))[0] if draft.has(2) else None
    length = int(given_length[0]) if given_length is not None else width
    if step is None or (not draft.has(2) and given_length is None):
        return "it has neither a window nor a frame length"
    if not isinstance(length, int):
        return f"the length of its window `{names[2]}` is not known"
    if not draft.has(2):
        window = np.ones(length)
    if (isinstance(width, int) and width != length) or length < 1 or int(step[0]) < 1:
        return "its window, frame length and frame step do not fit each other"
    one_sided = bool(draft.attribute("onesided", 1))
    if one_sided and parts == 2:
        return "it is one-sided, which takes a real signal"
    batch, given = (dim if isinstance(dim, int) else 0 for dim in dims[:2])
    if given and given < length:
        return f"its signal of length {given} is shorter than a frame"
    count = (given - length) // int(step[0]) + 1 if given else 0
    bins = length // 2 + 1 if one_sided else length
    kept = None if window is None else window.astype(np.float64)
    return Frames(length, kept, int(step[0]), parts, bins, batch, count)
