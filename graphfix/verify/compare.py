"""Compare two outputs within a tolerance: values, shapes, dtypes, NaN and infinities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphfix.verify.edge_values import NONFINITE
from graphfix.verify.feeds import Array

ULPS = 8


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification: the number of inputs, the largest errors, and the reason where it failed.

    `outputs` holds, for each output by name, its distance from the original's (metrics.py). `controls` is the number of
    comparisons with outputs that were wrong on purpose, `caught` the number of those that failed, as all should; `blind`
    are the outputs that are the same on all inputs, whose agreement means little. `edges` are the columns of edge values
    at which the outputs were compared too, `nonfinite` tells for `nan` and `inf` whether they stay the `same` or it
    `differs` (edge_values.py); neither counts in `inputs` and the errors.
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
    edges: tuple[str, ...] = ()
    nonfinite: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The allowed difference of each value: `atol + rtol * |value|`, or `ulps` units in the last place of the scale.

    The larger of the two holds; the scale is the largest magnitude in the output, at least `least_scale`. At the columns
    of edge values in `except_at` nothing is compared. `step` is the least unit in the last place of a scale of 1.
    """

    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = ULPS
    except_at: frozenset[str] = frozenset()
    least_scale: float = 0.0
    step: float = 0.0

    def compares_as(self, other: Tolerance) -> bool:
        """Whether a comparison is as strict as with another tolerance; what NaN and infinity become decides nothing."""
        return replace(self, except_at=self.except_at - set(NONFINITE)) == replace(
            other, except_at=other.except_at - set(NONFINITE)
        )

    def loosened(self, other: Tolerance) -> Tolerance:
        """Return the larger of two tolerances in each field."""
        return Tolerance(
            max(self.rtol, other.rtol),
            max(self.atol, other.atol),
            max(self.ulps, other.ulps),
            self.except_at | other.except_at,
            max(self.least_scale, other.least_scale),
            max(self.step, other.step),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two outputs; `reason` is set where it is too large."""

    absolute: float = 0.0
    relative: float = 0.0
    cosine: float = 1.0
    reason: str | None = None

    def worse(self, other: Difference) -> Difference:
        """Return the worse of two differences in each field."""
        return Difference(max(self.absolute, other.absolute), max(self.relative, other.relative),
                          min(self.cosine, other.cosine), self.reason or other.reason)  # fmt: skip

    def verdict(self, inputs: int, method: str) -> Verification:
        """Return the difference as the Verification of a number of inputs."""
        return Verification(inputs, self.absolute, self.relative, self.cosine, self.reason is None, method, self.reason)


def compare(name: str, old: Any, new: Any, tolerance: Tolerance) -> Difference:
    """Return the difference between an output before and after a rewrite; `reason` is set where it is too large."""
    if isinstance(old, list) or isinstance(new, list):
        if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
            return Difference(reason=f"`{name}` is a sequence of another length")
        worst = Difference()
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            worst = worst.worse(compare(f"{name}[{index}]", a, b, tolerance))
        return worst
    if (
        isinstance(old, dict)
        and isinstance(new, dict)
        and old.keys() == new.keys()
        and _are_floats([*old.values(), *new.values()])
    ):
        before, after = (np.asarray([found[key] for key in old], np.float32) for found in (old, new))
        return _floats(name, before, after, tolerance)
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


def _are_floats(values: list[Any]) -> bool:
    """Whether the values of maps are the numbers that onnxruntime gives for float32."""
    return bool(values) and all(isinstance(value, float) for value in values)


def _floats(name: str, was: Array, now: Array, tolerance: Tolerance) -> Difference:
    wide = np.complex128 if was.dtype.kind == "c" else np.float64
    step = max(tolerance.step, float(np.finfo(was.dtype).eps) if was.dtype.kind in "fc" else 2.0**-7)
    a, b = was.astype(wide).reshape(-1), now.astype(wide).reshape(-1)
    finite = np.isfinite(a)
    mismatch = ~finite & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if mismatch.any() or not np.isfinite(b[finite]).all():
        where = int(np.flatnonzero(mismatch | (finite & ~np.isfinite(b)))[0])
        return Difference(float("inf"), float("inf"), reason=f"`{name}` was {a[where]:g} at {where}, is {b[where]:g}")
    a, b = a[finite], b[finite]
    if np.array_equal(a, b):
        return Difference()
    gap: Array = np.abs(a - b)
    scale = float(np.max(np.abs(a)))
    limit = np.maximum(tolerance.ulps * step * max(scale, tolerance.least_scale), tolerance.atol + tolerance.rtol * np.abs(a))
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


def perturbed(output: Any, tolerance: Tolerance) -> Any:
    """Return a copy of an output that is just beyond the tolerance, for a comparison that must fail; None without one."""
    if isinstance(output, list | dict) or output is None:
        return None
    array = np.asarray(output)
    if array.size == 0 or array.dtype.kind not in "biufc":
        return None
    wrong, index = array.copy().reshape(-1), int(np.argmax(np.abs(np.nan_to_num(array.astype(np.complex128))).reshape(-1)))
    if array.dtype.kind == "b":
        wrong[index] = ~wrong[index]
    elif array.dtype.kind in "iu":
        wrong[index] = wrong[index] - 1 if wrong[index] > 0 else wrong[index] + 1
    else:
        largest = float(np.abs(wrong[index])) if np.isfinite(wrong[index]) else 1.0
        step = 2 * tolerance.ulps * max(tolerance.step, float(np.finfo(array.dtype).eps)) * max(largest, 1e-6)
        wrong[index] = largest + max(step, 2 * (tolerance.atol + tolerance.rtol * largest))
    return wrong.reshape(array.shape)
