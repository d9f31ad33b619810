"""How far two outputs are apart, and whether that is too far: numbers, shapes, dtypes, NaN and infinities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphfix.verify.feeds import Array

ULPS = 8


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison found: inputs compared, the largest errors, and the reason where it failed.

    `outputs` holds, for each output by name, how far it is from the original's (impact.py). `controls` counts the
    comparisons made in which the outputs were wrong on purpose, `caught` those that said so; `blind` names outputs that
    are the same on all inputs, of which agreement says little.
    """

    inputs: int
    max_abs_error: float
    max_rel_error: float
    min_cosine: float
    passed: bool
    method: str
    reason: str | None = None
    outputs: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    controls: int = 0
    caught: int = 0
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What may differ: each value by `atol + rtol * |value|`, and by `ulps` units in the last place of the scale."""

    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = ULPS

    def loosened(self, other: Tolerance) -> Tolerance:
        """The wider of two in each respect."""
        return Tolerance(max(self.rtol, other.rtol), max(self.atol, other.atol), max(self.ulps, other.ulps))


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two outputs are apart."""

    absolute: float = 0.0
    relative: float = 0.0
    cosine: float = 1.0
    reason: str | None = None

    def worse(self, other: Difference) -> Difference:
        """The worst of both in each respect."""
        return Difference(max(self.absolute, other.absolute), max(self.relative, other.relative),
                          min(self.cosine, other.cosine), self.reason or other.reason)  # fmt: skip

    def verdict(self, inputs: int, method: str) -> Verification:
        """As the verification of that many inputs."""
        return Verification(inputs, self.absolute, self.relative, self.cosine, self.reason is None, method, self.reason)


def compare(name: str, old: Any, new: Any, tolerance: Tolerance) -> Difference:
    """The difference between an output before and after; `reason` is set where it is too large."""
    if isinstance(old, list) or isinstance(new, list):
        if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
            return Difference(reason=f"`{name}` is a sequence of another length")
        worst = Difference()
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            worst = worst.worse(compare(f"{name}[{index}]", a, b, tolerance))
        return worst
    if isinstance(old, dict) or old is None:
        return Difference(reason=None if old == new else f"`{name}` differs")
    was, now = np.asarray(old), np.asarray(new)
    if was.dtype != now.dtype:
        return Difference(reason=f"`{name}` was {was.dtype}, is {now.dtype}")
    if was.shape != now.shape:
        return Difference(reason=f"`{name}` was {list(was.shape)}, is {list(now.shape)}")
    if was.dtype.kind not in "fcV" and str(was.dtype) != "bfloat16":
        if np.array_equal(was, now):
            return Difference()
        off = 1.0
        if was.dtype.kind in "iu":
            off = float(np.max(np.abs(was.astype(np.float64) - now.astype(np.float64))))
        return Difference(off, off, reason=f"{int((was != now).sum())} of {was.size} values of `{name}` differ")
    return _floats(name, was, now, tolerance)


def _floats(name: str, was: Array, now: Array, tolerance: Tolerance) -> Difference:
    wide = np.complex128 if was.dtype.kind == "c" else np.float64
    step = float(np.finfo(was.dtype).eps) if was.dtype.kind in "fc" else 2.0**-7
    a, b = was.astype(wide).reshape(-1), now.astype(wide).reshape(-1)
    finite = np.isfinite(a)
    odd = ~finite & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if odd.any() or not np.isfinite(b[finite]).all():
        where = int(np.flatnonzero(odd | (finite & ~np.isfinite(b)))[0])
        return Difference(float("inf"), float("inf"), reason=f"`{name}` was {a[where]:g} at {where}, is {b[where]:g}")
    a, b = a[finite], b[finite]
    if np.array_equal(a, b):
        return Difference()
    gap: Array = np.abs(a - b)
    scale = float(np.max(np.abs(a)))
    limit = np.maximum(tolerance.ulps * step * scale, tolerance.atol + tolerance.rtol * np.abs(a))
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = min(1.0, float(np.abs(np.vdot(a, b))) / norms) if norms else 0.0
    worst = int(np.argmax(gap))
    relative = float(gap[worst] / scale) if scale else float(gap[worst] > 0)
    beyond = gap > limit
    reason = (
        f"`{name}` differs by {gap[worst]:.3g} at scale {scale:.3g}, in {int(beyond.sum())} of {a.size} values"
        if beyond.any()
        else None
    )
    return Difference(float(gap[worst]), relative, cosine, reason)


def spoilt(output: Any, tolerance: Tolerance) -> Any:
    """A copy of an output that is just too far away, for a comparison that must fail; None where there is no such copy."""
    if isinstance(output, list | dict) or output is None:
        return None
    array = np.asarray(output)
    if array.size == 0 or array.dtype.kind not in "biufc":
        return None
    wrong, place = array.copy().reshape(-1), int(np.argmax(np.abs(np.nan_to_num(array.astype(np.complex128))).reshape(-1)))
    if array.dtype.kind == "b":
        wrong[place] = ~wrong[place]
    elif array.dtype.kind in "iu":
        wrong[place] = wrong[place] - 1 if wrong[place] > 0 else wrong[place] + 1
    else:
        here = float(np.abs(wrong[place])) if np.isfinite(wrong[place]) else 1.0
        step = 2 * tolerance.ulps * float(np.finfo(array.dtype).eps) * max(here, 1e-6)
        wrong[place] = here + max(step, 2 * (tolerance.atol + tolerance.rtol * here))
    return wrong.reshape(array.shape)
