"""One rewrite at a time on a copy: checked against the laws, the original's numbers and the targets' verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import onnx
from onnx import ModelProto

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.rewrite import Key, Outcome, Rewrite, Safety
from graphfix.spec import violations
from graphfix.verify import TOO_BIG, Reference, Tolerance, Verification

Judge = Callable[[ModelProto], Sequence[Result]]

MOST_SPLITS = 24
"""How many times the guilty sites of one failing rewrite are searched for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One rewrite on one node: applied, or declined with the reason."""

    rewrite: str
    safety: Safety
    node: str
    applied: bool
    declined: str | None = None

    def to_json(self) -> dict[str, object]:
        """The change as the contract states it."""
        return {"rewrite": self.rewrite, "safety": self.safety.value, "node": self.node,
                "applied": self.applied, "declined": self.declined}  # fmt: skip


@dataclass(slots=True)
class Workbench:
    """The working model, and everything that decides whether a rewrite of it is kept.

    `own` is the user's tolerance, None where each rewrite's own holds.
    """

    model: ModelProto
    reference: Reference
    judge: Judge
    own: Tolerance | None = None
    changes: list[Change] = field(default_factory=list)
    verification: Verification | None = None
    version: int = 0
    _tolerance: Tolerance = field(default_factory=Tolerance)
    _results: Sequence[Result] | None = None
    _lawful: bool | None = None

    @property
    def results(self) -> Sequence[Result]:
        """The verdicts on the working model."""
        if self._results is None:
            self._results = self.judge(self.model)
        return self._results

    def attempt(self, rewrite: Rewrite, wanted: frozenset[Key] | None) -> bool:
        """Apply a rewrite to the wanted nodes and keep what stands; True when the working model changed."""
        outcome = self.trial(rewrite, wanted)
        for declined in outcome.declined:
            self.note(Change(rewrite.name, rewrite.safety, declined.at or "", False, declined.reason))
        if outcome.model is None or (outcome.model.graph == self.model.graph and not _reimported(outcome.model, self.model)):
            return False
        reason = self.keep(rewrite, outcome)
        if reason is None:
            return True
        if len(outcome.keys) > 1:
            return self._split(rewrite, outcome.keys)
        label = outcome.changed[0] if outcome.changed else ""
        self.note(Change(rewrite.name, rewrite.safety, label, False, f"withdrawn: {reason}"))
        return False

    def trial(self, rewrite: Rewrite, wanted: frozenset[Key] | None) -> Outcome:
        """What a rewrite would do to the working model; a rewrite that raises has declined."""
        from graphfix.rewrite import Declined

        try:
            return rewrite.apply(self.model, wanted)
        except Exception as error:  # a guest library may raise anything, and the other rewrites shall go on
            said = " ".join(str(error).split())[:200]
            return Outcome(None, declined=(Declined(f"failed: {type(error).__name__}: {said}"),))

    def keep(self, rewrite: Rewrite, outcome: Outcome) -> str | None:
        """Make the outcome the working model, or say why not."""
        assert outcome.model is not None
        tolerance = self._tolerance
        if rewrite.safety is Safety.APPROXIMATE:
            tolerance = tolerance.loosened(self.own or Tolerance(rewrite.rtol, rewrite.atol))
        else:
            tolerance = tolerance.loosened(Tolerance(ulps=rewrite.ulps)).loosened(self.own or Tolerance())
        broken = next(violations(outcome.model), None)
        if broken is not None and next(violations(self.model), None) is None:
            return f"the result is not lawful: {broken.message}"
        if self._is_lawful() and (said := checker(outcome.model)):
            return f"onnx's checker: {said}"
        verification = self.reference.check(outcome.model, tolerance)
        if not verification.passed:
            return f"{verification.reason}"
        results = self.judge(outcome.model)
        if rewrite.last_resort and errors(results) >= errors(self.results):
            return "cures nothing"
        worse = next(regressions(self.results, results), None)
        if worse is not None:
            return f"brings {worse.code} on `{worse.op or 'the model'}` for {worse.target}, which took the model before"
        self.model, self.verification, self._tolerance, self._results = outcome.model, verification, tolerance, results
        self.version += 1
        self.changes.extend(Change(rewrite.name, rewrite.safety, label, True) for label in outcome.changed)
        return None

    def note(self, change: Change) -> None:
        """Record a refusal once."""
        if change not in self.changes:
            self.changes.append(change)

    def _split(self, rewrite: Rewrite, keys: Sequence[Key]) -> bool:
        """Keep the innocent sites of a rewrite that fails as a whole: halve until the guilty stand alone."""
        queue, kept, tries = [tuple(keys[: len(keys) // 2]), tuple(keys[len(keys) // 2 :])], False, 0
        while queue:
            part = queue.pop(0)
            if tries >= MOST_SPLITS:
                self.note(Change(rewrite.name, rewrite.safety, part[0][1], False, "withdrawn: too many of its sites fail"))
                break
            tries += 1
            outcome = self.trial(rewrite, frozenset(part))
            if outcome.model is None:
                continue
            reason = self.keep(rewrite, outcome)
            if reason is None:
                kept = True
            elif len(part) > 1:
                queue += [part[: len(part) // 2], part[len(part) // 2 :]]
            else:
                self.note(
                    Change(rewrite.name, rewrite.safety, next(iter(outcome.changed), part[0][1]), False, f"withdrawn: {reason}")
                )
        return kept

    def _is_lawful(self) -> bool:
        if self._lawful is None:
            self._lawful = not checker(self.reference.original)
        return self._lawful


def checker(model: ModelProto) -> str:
    """What onnx's checker says against a model under 2 GB; empty when nothing."""
    if model.ByteSize() >= TOO_BIG:
        return ""
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises its own kinds from C++
        return " ".join(str(error).split())[:200]
    return ""


def regressions(before: Sequence[Result], after: Sequence[Result]) -> Iterator[Finding]:
    """Errors on a target that had none."""
    for old, new in zip(before, after, strict=True):
        if not any(f.severity is Severity.ERROR for f in old.findings):
            yield from (f for f in new.findings if f.severity is Severity.ERROR)


def errors(results: Sequence[Result]) -> int:
    """How many errors there are on all targets."""
    return sum(finding.severity is Severity.ERROR for result in results for finding in result.findings)


def _reimported(one: ModelProto, other: ModelProto) -> bool:
    return list(one.opset_import) != list(other.opset_import) or list(one.functions) != list(other.functions)
