"""Edge values for floating-point inputs: zeros, ones, ties, large and tiny magnitudes, and beside them NaN and infinity.

Random inputs hardly ever hold two equal values, a zero of either sign, or a magnitude at which a square overflows or a
sum loses its small terms. Each column below is one input that holds nothing else. NaN and infinities are apart: what a
rewrite makes of them is reported, and does not decide whether it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Feed = dict[str, Array]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

STEPS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5)
"""Few values, so that each is drawn several times; the halves lie between two integers."""
LARGE, LARGE_HALF = (3.0, 5.0), (2.0, 3.5)
TINY, TINY_HALF = (-30.0, -3.0), (-7.0, -3.0)
"""The exponents of ten between which magnitudes are drawn, for float32 and wider, and for float16."""


def _signed(low: float, high: float) -> Draw:
    def draw(random: np.random.Generator, dims: tuple[int, ...]) -> Array:
        return np.asarray(10 ** random.uniform(low, high, dims) * random.choice((-1.0, 1.0), dims))

    return draw


def _beside_large(draw: Draw) -> Draw:
    """Return half of the values as `draw` has them, and half of ordinary magnitude: small terms beside large ones."""

    def mixed(random: np.random.Generator, dims: tuple[int, ...]) -> Array:
        return np.where(random.random(dims) < 0.5, draw(random, dims), random.standard_normal(dims))

    return mixed


def _spoilt(*values: float) -> Draw:
    def draw(random: np.random.Generator, dims: tuple[int, ...]) -> Array:
        made = np.asarray(random.standard_normal(dims)).reshape(-1)
        made[: len(values)] = values[: made.size]
        drawn = random.random(made.shape) < 0.2
        made[drawn] = random.choice(values, int(drawn.sum()))
        return made.reshape(dims)

    return draw


def _columns(large: tuple[float, float], tiny: tuple[float, float]) -> Mapping[str, Draw]:
    return {
        "zeros": lambda random, dims: np.asarray(random.choice((0.0, -0.0), dims)),
        "ones": lambda random, dims: np.ones(dims),
        "ties": lambda random, dims: np.asarray(random.choice(STEPS, dims)),
        "large": _beside_large(_signed(*large)),
        "tiny": _signed(*tiny),
        "nan": _spoilt(np.nan),
        "inf": _spoilt(np.inf, -np.inf),
    }


WIDE, HALF = _columns(LARGE, TINY), _columns(LARGE_HALF, TINY_HALF)
NONFINITE = ("nan", "inf")
EDGES = tuple(column for column in WIDE if column not in NONFINITE)
"""The columns at which an exact rewrite computes the same, unless it says otherwise."""


def edge_feed(
    feed: Mapping[str, Array], column: str, bound: Collection[str] = (), integers: Collection[str] = (), seed: int = 0
) -> Feed | None:
    """Return the feed with the values of a column in its floating-point inputs; None where it has none to change.

    Inputs in `bound` keep their values. Booleans and the integer inputs in `integers` are all 0 at zeros and all 1 at
    ones, and those integers are few at ties; their limits are in integer_edges.py.
    """
    random, made, changed = np.random.default_rng([seed, list(WIDE).index(column)]), dict(feed), False
    for name, array in feed.items():
        if name in bound:
            continue
        if array.dtype.kind == "f" or str(array.dtype) == "bfloat16":
            draw = (HALF if array.dtype == np.float16 else WIDE)[column]
            made[name], changed = np.asarray(draw(random, array.shape)).astype(array.dtype), True
        elif column in ("zeros", "ones") and (array.dtype.kind == "b" or name in integers):
            made[name], changed = np.full(array.shape, column == "ones", array.dtype), True
        elif column == "ties" and name in integers:
            made[name], changed = random.integers(0, 3, array.shape).astype(array.dtype), True
    return made if changed else None
