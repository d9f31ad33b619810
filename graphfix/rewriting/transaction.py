"""Transactions: one rewrite at a time on a copy, checked for violations, against the original's outputs and by verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

import onnx
from onnx import ModelProto, NodeProto

from graphfix.ir.source_location import source_location
from graphfix.ir.traversal import graphs
from graphfix.ir.verifier import violations
from graphfix.linter.diagnostics import Result
from graphfix.rewriting.change import Change as Change
from graphfix.rewriting.rewrite import Key, Outcome, Rewrite, Safety, apply_with_locations
from graphfix.rewriting.splitting import keep_part
from graphfix.rewriting.states import Proposal, RoundStart, Snapshot, Step, WorkingState
from graphfix.rewriting.verdict_comparison import errors, regressions, severity_score, title, trades
from graphfix.verify.edge_values import EDGES
from graphfix.verify.reference import Reference, Tolerance, Verification
from graphfix.verify.runtime import TOO_BIG

Judge = Callable[[ModelProto], Sequence[Result]]

REQUESTED = frozenset({"the user"})
"""The callers of a rewrite that the user requests by name, whether or not a finding calls for it."""


@dataclass(slots=True)
class WorkingModel:
    """The working model, and the data that decide whether a rewrite of it is kept.

    `own` is the user's tolerance, None where the tolerance of each rewrite applies.
    """

    model: ModelProto
    reference: Reference
    judge: Judge
    own: Tolerance | None = None
    changes: list[Change] = field(default_factory=list)
    verification: Verification | None = None
    version: int = 0
    deferred: bool = False
    """Whether verification waits until the end of a round, for rewrites that need no other tolerance than what is there."""
    unverified: int = 0
    """The rewrites kept since the last verification."""
    steps: list[Step] = field(default_factory=list)
    """The rewrites that led from the first state to the working model."""
    trail: list[Step] = field(default_factory=list)
    """The last of these, which were kept since the best state."""
    floor: Sequence[Result] | None = None
    """The verdicts that no later state may exceed on any target, in rejections or in wrong numerics."""
    best: Snapshot | None = None
    """The state with the fewest findings so far, the earliest of several."""
    _noted: set[Change] = field(default_factory=set)
    """The first `_seen` of the changes."""
    _seen: int = 0
    _tolerance: Tolerance = field(default_factory=Tolerance)
    _results: Sequence[Result] | None = None
    _lawful: bool | None = None
    _called: tuple[ModelProto, dict[str, NodeProto]] | None = None

    @property
    def results(self) -> Sequence[Result]:
        """The verdicts on the working model."""
        if self._results is None:
            self._results = self.judge(self.model)
        return self._results

    def attempt(self, rewrite: Rewrite, wanted: frozenset[Key] | None, callers: Set[str] = frozenset()) -> bool:
        """Apply a rewrite to the wanted nodes and keep what passes; return True when the working model changed.

        `callers` are the targets whose findings call for it; the other targets must not get more findings.
        """
        proposal = self.propose(rewrite, wanted)
        return proposal is not None and self.accept(proposal, callers)

    def propose(self, rewrite: Rewrite, wanted: frozenset[Key] | None) -> Proposal | None:
        """Apply a rewrite to a copy of the working model and return it with its verdicts; None when nothing changes."""
        outcome = self.trial(rewrite, wanted)
        for declined in outcome.declined:
            self.note(Change(rewrite.name, rewrite.safety, declined.at or "", False, declined.reason))
        if outcome.model is None or (outcome.model.graph == self.model.graph and not _reimported(outcome.model, self.model)):
            return None
        return Proposal(rewrite, outcome, self.judge(outcome.model))

    def accept(self, proposal: Proposal, callers: Set[str] = frozenset()) -> bool:
        """Keep the part of a proposal that passes verification; return True when the working model changed."""
        rewrite, outcome = proposal.rewrite, proposal.outcome
        reason = self.keep(rewrite, outcome, callers, proposal.results)
        if reason is None:
            return True
        if len(outcome.keys) > 1:
            return keep_part(self, rewrite, outcome, callers)
        label = outcome.changed[0] if outcome.changed else ""
        self.note(Change(rewrite.name, rewrite.safety, label, False, f"skipped: {reason}"))
        return False

    def begin(self, *, deferred: bool) -> RoundStart:
        """Begin a round of rewrites, which are verified one by one or, `deferred`, together by `settled`."""
        self.deferred, self.unverified = deferred, 0
        return RoundStart(self.saved(), self.floor, self.best, tuple(self.trail))

    def settled(self, start: RoundStart) -> bool:
        """Verify what a round kept without verification; restore its start where that fails, and return False."""
        self.deferred = False
        if self.unverified:
            self.verification, self.unverified = self.reference.check(self.model, self._tolerance), 0
            if not self.verification.passed:
                self.restore(start.state)
                self.floor, self.best, self.trail[:] = start.floor, start.best, start.trail
                return False
        return True

    def forget(self) -> None:
        """Discard the verdicts on the working model, because the findings changed although the model did not."""
        self._results, self.best, self.floor = None, None, None
        self.trail.clear()
        self.version += 1

    def mark(self) -> None:
        """Save the working model as the best state if it has fewer findings than any before, and trades none for another."""
        if not self.admissible:
            return
        score = severity_score(self.results)
        if self.best is None or score < self.best.score:
            applied = sum(change.applied for change in self.changes)
            self.trail.clear()
            self.best = Snapshot(score, self.model, self.results, self.verification, self._tolerance, applied)

    def saved(self) -> WorkingState:
        """Return the present state, to be restored later."""
        changes, steps = tuple(self.changes), tuple(self.steps)
        return WorkingState(self.model, self._results, self.verification, self._tolerance, changes, steps)

    def restore(self, state: WorkingState) -> None:
        """Return to a saved state; nothing is recorded of the changes made since."""
        self.forget()
        self.model, self._results = state.model, state.results
        self.verification, self._tolerance = state.verification, state.tolerance
        self.changes[:], self.steps[:] = state.changes, state.steps
        self._noted, self._seen = set(), 0

    @property
    def admissible(self) -> bool:
        """Whether no target has more rejections or wrong numerics than at the start, nor is undecided where it was accepted."""
        return self.floor is None or not trades(self.floor, self.results)

    def recall(self) -> list[Step]:
        """Restore the best state; the rewrites applied since, which fixed nothing, are recorded as withdrawn and returned.

        Where they brought something worse, only those from which on it was there are returned.
        """
        best, trail = self.best, list(self.trail)
        if best is None or best.model is self.model:
            return []
        blamed = trail if self.admissible else trail[self._last_admissible() :][:1]
        self.model, self._results = best.model, best.results
        self.verification, self._tolerance = best.verification, best.tolerance
        count, kept = 0, dict[Change, None]()
        for change in self.changes:
            count += change.applied
            if change.applied and count > best.applied:
                change = dataclasses.replace(
                    change, applied=False, declined="skipped: it leads to no rewrite that resolves a finding"
                )
            kept.setdefault(change)
        self.changes[:] = kept
        self._noted, self._seen = set(), 0
        del self.steps[len(self.steps) - len(trail) :]
        self.trail.clear()
        self.version += 1
        return blamed

    def _last_admissible(self) -> int:
        """Return after how many steps of the trail the model was admissible for the last time."""
        assert self.floor is not None
        good = [at for at, step in enumerate(self.trail, 1) if not trades(self.floor, step.results)]
        return max(good, default=0)

    def trial(self, rewrite: Rewrite, wanted: frozenset[Key] | None) -> Outcome:
        """Return the outcome of a rewrite on the working model; a rewrite that raises counts as declined."""
        from graphfix.rewriting.rewrite import Declined

        try:
            return apply_with_locations(rewrite, self.model, wanted)
        except Exception as error:  # a third-party library may raise anything, and the other rewrites continue
            said = " ".join(str(error).split())[:200]
            return Outcome(None, declined=(Declined(f"failed: {type(error).__name__}: {said}"),))

    def refusal(self, rewrite: Rewrite, results: Sequence[Result], callers: Set[str]) -> str | None:
        """Return why the verdicts on an outcome of a rewrite forbid to keep it; None where they do not."""
        if rewrite.last_resort and callers != REQUESTED and errors(results) >= errors(self.results):
            return "does not resolve any finding"
        for old, worse in regressions(self.results, results, callers):
            taken = ", which accepted the model before" if not errors([old]) else ", which has no finding that it fixes"
            return f"causes {worse.code} on `{worse.op or 'the model'}` for {title(old)}{taken}"
        return None

    def keep(
        self, rewrite: Rewrite, outcome: Outcome, callers: Set[str] = frozenset(), results: Sequence[Result] | None = None
    ) -> str | None:
        """Make the outcome the working model, or return why not; `results` are the verdicts on it where they are known."""
        assert outcome.model is not None
        results = self.judge(outcome.model) if results is None else results
        refusal = self.refusal(rewrite, results, callers)
        if refusal is not None:
            return refusal
        tolerance = self._tolerance
        if rewrite.safety is Safety.APPROXIMATE:
            tolerance = tolerance.loosened(self.own or Tolerance(rewrite.rtol, rewrite.atol))
            tolerance = tolerance.loosened(Tolerance(except_at=frozenset(EDGES)))
        else:
            stated = Tolerance(ulps=rewrite.ulps, except_at=frozenset(rewrite.differs_at))
            tolerance = tolerance.loosened(stated).loosened(self.own or Tolerance())
        broken = next(violations(outcome.model), None)
        if broken is not None and next(violations(self.model), None) is None:
            return f"the result is not valid ONNX: {broken.message}"
        if self._is_lawful() and (said := checker(outcome.model)):
            return f"onnx's checker: {said}"
        if self.deferred and tolerance.compares_as(self._tolerance):
            verification, self.unverified = None, self.unverified + 1
        else:
            verification = self._verified(outcome.model, tolerance)
            if not verification.passed:
                return f"{verification.reason}"
        self.changes.extend(self.located(Change(rewrite.name, rewrite.safety, label, True)) for label in outcome.changed)
        self.model, self.verification, self._tolerance, self._results = outcome.model, verification, tolerance, results
        self.version += 1
        sites = [(None, "")] if rewrite.everywhere else list(zip(outcome.keys, outcome.changed, strict=False))
        step = Step(rewrite, tuple(sites), outcome.model, results)
        self.steps.append(step)
        self.trail.append(step)
        return None

    def _verified(self, model: ModelProto, tolerance: Tolerance) -> Verification:
        """Return the verification of a candidate, after that of the working model by the stricter tolerance if it waits."""
        if self.unverified:
            before = self.reference.check(self.model, self._tolerance)
            if not before.passed:
                return before  # which `settled` will find, too
            self.unverified = 0
        return self.reference.check(model, tolerance)

    def note(self, change: Change) -> None:
        """Record a declined change once."""
        self._noted.update(self.changes[self._seen :])  # applied changes are appended without this method
        self._seen = len(self.changes)
        if change not in self._noted:
            self.changes.append(self.located(change))

    def located(self, change: Change) -> Change:
        """Return the change with the source location of its node in the working model."""
        if self._called is None or self._called[0] is not self.model:
            nodes = [node for graph in graphs(self.model.graph) for node in graph.node]
            made = {name: node for node in nodes for name in node.output}
            self._called = self.model, made | {node.name: node for node in nodes if node.name}
        node = self._called[1].get(change.node) if change.node else None
        return change if node is None else dataclasses.replace(change, source=source_location(node, self.model.producer_name))

    def measured(self) -> Verification | None:
        """Return the verification of the working model with each output's deviation, and with controls that must fail."""
        if self.verification is None or not self.verification.passed:
            return self.verification
        if self.verification.max_abs_error == 0.0:
            found = self.reference.unmoved(self.verification, self._tolerance)
        else:
            found = self.reference.check(self.model, self._tolerance, measure=True)
        return dataclasses.replace(found, nonfinite=self.reference.nonfinite(self.model, self._tolerance))

    def _is_lawful(self) -> bool:
        if self._lawful is None:
            self._lawful = not checker(self.reference.original)
        return self._lawful


def checker(model: ModelProto) -> str:
    """Return the error of onnx's checker for a model under 2 GB; empty when there is none."""
    if model.ByteSize() >= TOO_BIG:
        return ""
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises its own exception types from C++
        return " ".join(str(error).split())[:200]
    return ""


def _reimported(one: ModelProto, other: ModelProto) -> bool:
    return list(one.opset_import) != list(other.opset_import) or list(one.functions) != list(other.functions)
