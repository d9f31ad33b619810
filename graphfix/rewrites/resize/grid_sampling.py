"""Reading an image at places between its pixels: floors, weights and Gather, as GridSample and DeformConv mean it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np

from graphfix.rewriting.replacement import ReplacementBuilder

CUBIC_SHARPNESS = -0.75
"""The free parameter of the cubic kernel, which ONNX fixes."""


@dataclass(frozen=True, slots=True)
class Sampler:
    """How places are read: linear, nearest or cubic between pixels; zeros, border or reflection outside."""

    draft: ReplacementBuilder
    mode: str
    padding: str
    corners: bool

    def read(self, image: str, shape: Sequence[int], places: Sequence[str]) -> str:
        """The image at places as [N, P, C]: `shape` is its [N, C, ...], `places` one [N, P] of pixels for each spatial axis."""
        draft, batch, sizes = self.draft, shape[0], shape[2:]
        order = [0, *range(2, len(shape)), 1]
        rows = draft.reshape(draft.transpose(image, order), [batch * int(np.prod(sizes)), shape[1]])
        strides = np.concatenate([np.cumprod(sizes[::-1])[::-1][1:], [1]])
        axes = [self._taps(place, size, int(stride)) for place, size, stride in zip(places, sizes, strides, strict=True)]
        first = draft.constant(np.arange(batch, dtype=np.int64).reshape(-1, 1) * int(np.prod(sizes)))
        parts = []
        for taps in product(*axes):
            index = reduce(lambda a, b: draft.op("Add", a, b), [tap[0] for tap in taps])
            found = draft.op("Gather", rows, index if batch == 1 else draft.op("Add", index, first), axis=0)
            weights = [tap[1] for tap in taps if tap[1]]
            if weights:
                weight = reduce(lambda a, b: draft.op("Mul", a, b), weights)
                found = draft.op("Mul", found, draft.op("Unsqueeze", weight, axes=[2]))
            parts.append(found)
        return reduce(lambda a, b: draft.op("Add", a, b), parts)

    def _taps(self, place: str, size: int, stride: int) -> list[tuple[str, str]]:
        """The flat index and the weight, empty for one, of each pixel that a place reads along one axis."""
        draft = self.draft
        if self.mode == "nearest":
            return [self._tap(self._brought_in(draft.op("Round", place), size), "", size, stride)]
        if self.mode == "linear" and self.padding != "zeros":
            place = self._brought_in(place, size)
            if self.padding == "reflection" and not self.corners:  # beyond the outer pixels there is but their mirror
                place = draft.op("Clip", place, min=0, max=size - 1)
            pixels = [draft.op("Floor", place), draft.op("Ceil", place)]
            rest = draft.op("Sub", place, pixels[0])
            weights = [draft.op("Sub", draft.number(1), rest), rest]
            return [self._tap(pixel, weight, size, stride) for pixel, weight in zip(pixels, weights, strict=True)]
        floor = draft.op("Floor", place)
        rest = draft.op("Sub", place, floor)
        if self.mode == "linear":
            offsets, weights = [0, 1], [draft.op("Sub", draft.number(1), rest), rest]
        else:
            offsets, weights = [-1, 0, 1, 2], self._cubic(rest)
        pixels = [draft.op("Add", floor, draft.number(offset)) if offset else floor for offset in offsets]
        if self.padding != "zeros":
            pixels = [self._brought_in(pixel, size) for pixel in pixels]
        return [self._tap(pixel, weight, size, stride) for pixel, weight in zip(pixels, weights, strict=True)]

    def _cubic(self, rest: str) -> list[str]:
        """The weights of the pixels at -1, 0, 1 and 2 from the floor."""
        a, draft = CUBIC_SHARPNESS, self.draft
        far = ([a, -5 * a, 8 * a, -4 * a], [a + 2, -(a + 3), 0.0, 1.0])
        one, two = draft.number(1), draft.number(2)
        distances = (draft.op("Add", rest, one), rest, draft.op("Sub", one, rest), draft.op("Sub", two, rest))
        return [self._polynomial(x, far[near]) for x, near in zip(distances, (0, 1, 1, 0), strict=True)]

    def _polynomial(self, x: str, factors: Sequence[float]) -> str:
        made = self.draft.number(factors[0])
        for factor in factors[1:]:
            made = self.draft.op("Mul", made, x)
            made = self.draft.op("Add", made, self.draft.number(factor)) if factor else made
        return made

    def _brought_in(self, place: str, size: int) -> str:
        """A place outside the image brought back to it: to the border, or by reflection; zeros leave it where it is."""
        if self.padding == "border":
            return self.draft.op("Clip", place, min=0, max=size - 1)
        return self._reflected(place, size) if self.padding == "reflection" else place

    def _reflected(self, place: str, size: int) -> str:
        """A triangle wave between the borders: the outer pixels' centres with aligned corners, else their edges."""
        draft = self.draft
        low, span = (0.0, float(size - 1)) if self.corners else (-0.5, float(size))
        if not span:
            return draft.op("Mul", place, draft.number(0))
        along = draft.op("Abs", draft.op("Sub", place, draft.number(low)) if low else place)
        turns = draft.op("Floor", draft.op("Div", along, draft.number(2 * span)))
        along = draft.op("Sub", along, draft.op("Mul", turns, draft.number(2 * span)))
        away = draft.op("Abs", draft.op("Sub", along, draft.number(span)))
        return draft.op("Sub", draft.number(low + span), away)

    def _tap(self, pixel: str, weight: str, size: int, stride: int) -> tuple[str, str]:
        """One pixel: its share of the flat index, and its weight, zero where it lies outside and outside is zero."""
        draft = self.draft
        if self.padding == "zeros":
            inside = draft.op("Clip", pixel, min=0, max=size - 1)
            there = draft.cast(draft.op("Equal", inside, pixel), draft.dtype())
            pixel, weight = inside, draft.op("Mul", weight, there) if weight else there
        index = draft.cast(pixel, "int64")
        return (draft.op("Mul", index, draft.constant(stride)) if stride != 1 else index), weight
