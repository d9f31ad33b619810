"""Discrete Fourier transforms as constant matrices; complex numbers are pairs of real and imaginary part on the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import ReplacementBuilder

Floats = npt.NDArray[np.float64]

MOST_CONSTANTS = 1 << 22
"""The most elements of all constants that one transform is written with: 16 MiB in float32."""
ONE_PRODUCT = 1 << 21
"""The most elements of the constant of a transform that is one matrix product; a larger one is written as two products."""


def waves(times: int | npt.NDArray[np.int64], bins: int | npt.NDArray[np.int64], length: int, sign: int) -> Floats:
    """Return exp(sign * 2 pi i t k / length) as an array of times, bins, and real and imaginary part."""
    t, k = (np.arange(given) if isinstance(given, int) else given for given in (times, bins))
    turn = np.outer(t, k) % length  # whole turns are left out first, which keeps float64's precision at long lengths
    angle = 2 * np.pi / length * turn
    sine = np.where(2 * turn % length == 0, 0.0, np.sin(angle))
    return np.stack([np.cos(angle), sign * sine], axis=-1)


def of_complex(wave: Floats) -> Floats:
    """Return the matrices that multiply a pair by each wave: axes times, part of the operand, bins, part of the result."""
    real, imaginary = wave[..., 0], wave[..., 1]
    return np.stack([np.stack([real, imaginary], axis=-1), np.stack([-imaginary, real], axis=-1)], axis=1)


def product_matrix(wave: Floats, parts: int, made: int) -> Floats:
    """Return waves as one matrix from times and parts of the operand to bins and parts of the result."""
    whole = of_complex(wave)[:, :parts, :, :made]
    return np.asarray(whole.reshape(whole.shape[0] * parts, whole.shape[2] * made))


def one_sided_inverse(bins: int, length: int) -> Floats:
    """Return the matrix from the bins of a real signal's transform to the signal; bins that are left out count as zero."""
    wave = waves(bins, length, length, 1)
    weight = np.full((bins, 1), 2 / length)  # each bin stands for its conjugate too, except the first and the middle one
    weight[0] = 1 / length
    if length % 2 == 0 and bins > length // 2:
        weight[length // 2] = 1 / length
    return product_matrix(wave * weight[..., None], 2, 1)


def factors(length: int) -> tuple[int, int]:
    """Return two factors of a length that are as close to each other as possible."""
    first = next(factor for factor in range(isqrt(length), 0, -1) if length % factor == 0)
    return first, length // first


def split_size(length: int, parts: int) -> int:
    """Return the number of elements of the constants of a transform in two products."""
    first, second = factors(length)
    return 2 * (parts * first * 2 * first) + 2 * (second * 2 * first) + (2 * second) ** 2


def split_transform(draft: ReplacementBuilder, name: str, lead: Sequence[int], length: int, parts: int, sign: int) -> str:
    """Add the nodes of a transform in two products, by the factors of its length; the result has axes lead, bins, parts.

    `lead` are the dims before the transformed axis, as Reshape takes them. With n = second * a + b and
    k = c + first * d: X[k] = sum over b of w^(b d) with w of `second`, of t(b, c) * sum over a of w^(a c) with w of `first`.
    """
    first, second = factors(length)
    before = len(lead)
    same = list(range(before))
    scale = 1.0 if sign < 0 else 1 / length
    grid = draft.reshape(name, [*lead, first, second, parts])
    rows = draft.transpose(grid, [*same, before + 1, before, before + 2])
    rows = draft.reshape(rows, [*lead, second, first * parts])
    wave = waves(first, first, first, sign) * scale
    turned = np.stack([-wave[..., 1], wave[..., 0]], axis=-1)  # times i, for the twiddles' imaginary parts
    sums = draft.op("MatMul", rows, draft.number(product_matrix(wave, parts, 2)))
    crossed = draft.op("MatMul", rows, draft.number(product_matrix(turned, parts, 2)))
    twiddle = waves(second, first, length, sign)
    real, imaginary = (np.repeat(twiddle[..., part], 2, axis=-1) for part in (0, 1))
    both = [draft.op("Mul", sums, draft.number(real)), draft.op("Mul", crossed, draft.number(imaginary))]
    mixed = draft.reshape(draft.op("Add", *both), [*lead, second, first, 2])
    columns = draft.transpose(mixed, [*same, before + 1, before, before + 2])
    columns = draft.reshape(columns, [*lead, first, 2 * second])
    ends = draft.op("MatMul", columns, draft.number(product_matrix(waves(second, second, second, sign), 2, 2)))
    grid = draft.reshape(ends, [*lead, first, second, 2])
    bins = draft.transpose(grid, [*same, before + 1, before, before + 2])
    return draft.reshape(bins, [*lead, length, 2])
