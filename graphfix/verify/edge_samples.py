"""The original at the columns of edge values, and which of its values there are decided by rounding.

At an edge a rounding difference can be all there is: a step such as Floor or ArgMax behind a product of large numbers
turns the last bit into another integer. The original tells: where scaling its inputs by a few units in the last place
moves an output, a rewrite may move it as far.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphfix.verify.edge_values import EDGES, NONFINITE, Array, Feed, edge_feed

FACTOR = 4.0
"""How many times as far as the original a rewrite may move a value."""


@dataclass(slots=True)
class ReferenceSample:
    """One verification input for the candidate, and the original's outputs on the same input, in one run or several.

    `column` is the column of edge values, empty for other inputs; `source` is the feed before the interface changed. `moved`
    returns the original's outputs at inputs that differ by a rounding, as `runs` has them, where that was asked for.
    """

    feed: Feed
    runs: list[list[Any]]
    column: str = ""
    source: Feed | None = None
    moved: Callable[[], list[list[list[Any]]]] | None = None

    @property
    def outputs(self) -> list[Any]:
        """The outputs of the first run."""
        return self.runs[0]


def edge_samples(
    run: Callable[[Feed], ReferenceSample], feed: Mapping[str, Array], bound: Collection[str], integers: Collection[str]
) -> list[ReferenceSample]:
    """Return the original's outputs at every column of edge values at which it runs, and is finite but for NaN and infinity.

    The inputs in `bound` keep their values, those in `integers` take any.
    """
    found = []
    for column in (*EDGES, *NONFINITE):
        fed = edge_feed(feed, column, bound, integers)
        if fed is None:
            continue
        try:
            with np.errstate(all="ignore"):  # an adapted feed may be computed from them
                sample = run(fed)
        except Exception:  # the original does not take these numbers
            continue
        if column in NONFINITE or all(_finite(output) for outputs in sample.runs for output in outputs):
            sample.column, sample.source = column, fed
            found.append(sample)
    return found


def _finite(output: Any) -> bool:
    return not isinstance(output, np.ndarray) or output.dtype.kind not in "fc" or bool(np.isfinite(output).all())


def scaled(feed: Mapping[str, Array], ulps: int) -> list[Feed]:
    """Return the feed with its floating-point values moved a few units in the last place up, and down."""
    return [{name: _scaled(array, sign * ulps) for name, array in feed.items()} for sign in (1, -1)]


def _scaled(array: Array, ulps: int) -> Array:
    if array.dtype.kind != "f":
        return array
    return np.asarray(array * (1 + ulps * np.finfo(array.dtype).eps)).astype(array.dtype)


def without_roundings(old: Any, new: Any, moved: Sequence[Any]) -> Any:
    """Return `new` with the values of `old` where they differ no more than roundings explain: what `moved` shows."""
    if not all(isinstance(each, np.ndarray) and each.shape == np.shape(old) for each in (old, new, *moved)):
        return new
    if old.dtype.kind not in "fc":
        loose = np.logical_or.reduce([old != each for each in moved])
    else:
        with np.errstate(all="ignore"):
            far = np.max([np.abs(old.astype(np.float64) - each.astype(np.float64)) for each in moved], axis=0)
            loose = np.abs(old.astype(np.float64) - new.astype(np.float64)) <= FACTOR * far
    return np.where(loose, old, new)
