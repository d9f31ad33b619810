"""What a target's own compiler makes of a model, measured: whether it takes it, and whether it computes the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from onnx import ModelProto

from graphfix.linter.diagnostics import Finding
from graphfix.verify.edge_samples import ReferenceSample

Grade = Literal["right", "wrong", "fails", ""]
"""On one input: the outputs agree with onnxruntime's, differ, the compiled model does not run, or it was not compared."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one compiler makes of a model: whether it takes it, and a grade for each input, in order.

    `error` is the largest difference as a share of an output's scale, None where nothing was compared. `reason` tells why
    the compiler was not asked or gave no answer; then nothing else counts. `compiler` is its verdict as the reports state
    it, `findings` are those that follow from it. With `rounded` the outputs differ, and count as right
    only because the original's move as far by a rounding of its inputs.
    """

    accepted: bool = False
    samples: tuple[Grade, ...] = ()
    error: float | None = None
    seconds: float = 0.0
    compiler: Mapping[str, Any] = field(default_factory=dict)
    method: str = ""
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    rounded: bool = False

    @property
    def right(self) -> bool:
        """Whether the compiled model runs, and agrees on all inputs."""
        return self.accepted and bool(self.samples) and all(grade == "right" for grade in self.samples)

    @property
    def word(self) -> str | None:
        """`right`, `wrong`, `fails` (compiles and does not run), `accepted` (not run) or `rejected`; None without an answer."""
        if self.reason:
            return None
        if not self.accepted:
            return "rejected"
        order = ("wrong", "fails", "", "right")
        return min(self.samples, key=order.index, default="") or "accepted"

    @property
    def told(self) -> str:
        """What the compiler does with the model, as the end of a sentence that begins with its name."""
        words = {"right": "computes the same", "accepted": "accepts the model", "rejected": "rejects the model"}
        words |= {"wrong": f"computes something else ({self.error or 0.0:.2g} of scale)", "fails": "cannot run the model"}
        return words[self.word or "accepted"]


Measure = Callable[[ModelProto, Sequence[ReferenceSample], Collection[str]], Mapping[str, Measurement]]
"""Asks the compilers of some targets about a model, which is compared on the samples; the answers are by target."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a target's compiler made of the model before and after; both are the same where nothing was changed."""

    before: Measurement | None
    after: Measurement | None

    @property
    def last(self) -> Measurement:
        """The measurement of the result, or why there is none."""
        return self.after or self.before or Measurement(reason="it was not run")

    def to_json(self) -> dict[str, object]:
        """Return it as the JSON report states it."""
        last = self.last
        both = {id(each): each for each in (self.before, self.after) if each is not None}
        return {
            "before": self.before.word if self.before is not None else None,
            "after": self.after.word if self.after is not None else None,
            "unchanged": self.after is self.before,
            "error": last.error,
            "rounded": last.rounded,
            "seconds": round(sum(each.seconds for each in both.values()), 3),
            "version": last.compiler.get("version"),
            "method": last.method,
            "reason": last.reason or None,
        }


def is_worse(before: Measurement, after: Measurement) -> bool:
    """Whether a target is worse off after a change; False where either was not measured.

    A model that is computed wrong is no gain over one that is rejected, nor the other way round.
    """
    if before.reason or after.reason:
        return False
    if not before.accepted:
        return "wrong" in after.samples
    if not after.accepted:
        return True
    pairs = list(zip(before.samples, after.samples, strict=False))
    return any(old == "right" and new in ("wrong", "fails") for old, new in pairs) or ("fails", "wrong") in pairs
