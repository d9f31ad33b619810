"""Confirmation by the compilers themselves: what they make of the model before and after, and what is withdrawn for it.

A model that a compiler takes and computes right is not changed for that target. A result that is worse on a target than
the original is withdrawn: the rewrite that made it worse is banned, and the next way is tried.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np
from onnx import ModelProto

from graphfix.rewriting.compiler_rejections import CompilerFindings
from graphfix.rewriting.measurement import Confirmed, Measure, Measurement, is_worse
from graphfix.rewriting.refused_results import with_measured_fixes
from graphfix.rewriting.rewrite import Key
from graphfix.rewriting.states import Step, WorkingState
from graphfix.rewriting.transaction import Change, WorkingModel
from graphfix.rewriting.verdict_comparison import is_doubt, is_grave, title
from graphfix.verify.edge_samples import ReferenceSample
from graphfix.verify.reference import Reference
from graphfix.verify.reference_run import is_random

MOST_WITHDRAWN = 4
"""How many rewrites are banned, one after the other, before the original is kept."""
MOST_REFUSED = 3
"""How often the fixes of nodes that compilers name are tried, one after the other: a compiler names one at a time."""
MOST_SIZES = 2
"""How many sizes of the dynamic dims outputs are compared at."""

Ban = tuple[str, Key | None]
Converge = Callable[[set[Ban], Set[str]], None]
"""Rewrites the working model; the arguments are the rewrites not to try, and the targets that need no change."""


@dataclass(slots=True)
class Confirmation:
    """One run of `fix` with the compilers: `given` is the model before any rewrite, `measure` asks the compilers.

    `consulted` holds what compilers say of single nodes, beside what the tables say of them.
    """

    bench: WorkingModel
    given: WorkingState
    measure: Measure
    finished: Callable[[ModelProto], ModelProto]
    consulted: CompilerFindings
    samples: Sequence[ReferenceSample] | None = None
    before: dict[str, Measurement] = field(default_factory=dict)
    after: dict[str, Measurement] = field(default_factory=dict)
    withdrawn: list[Change] = field(default_factory=list)

    @property
    def confirmed(self) -> dict[str, Confirmed]:
        """What the compilers said, by target; nothing of targets whose compiler had no reason to be asked."""
        return {target: self._confirmed(target) for target in {**self.before, **self.after}}

    def run(self, converge: Converge) -> None:
        """Rewrite, and withdraw what makes a target worse."""
        results = self.bench.results
        targets = [title(result) for result in results]
        unsettled = [title(r) for r in results if r.verdict != "accepted" or any(is_grave(f) or is_doubt(f) for f in r.findings)]
        if unsettled:
            self._know_before(unsettled)
        satisfied = frozenset(target for target, found in self.before.items() if found.right)
        start, banned = self.bench.saved(), set[Ban]()
        for _ in range(MOST_WITHDRAWN + 1):
            converge(set(banned), satisfied)
            if self.bench.model is self.given.model:
                self.after = {}
                break
            worse = self._worse(targets)
            if not worse:
                break
            blamed = self._blamed(worse)
            self.withdrawn += map(self.bench.located, withdrawn_changes(blamed, worse, self.after[worse]))
            fresh = bans(blamed, banned)
            self.bench.restore(start if fresh else self.given)
            self.after = {}
            if not fresh:
                break
            banned |= fresh
        else:
            self.bench.restore(self.given)
            self.after = {}
        if self.given.model is not self.bench.reference.original:  # options changed it: the tables' word is not enough
            self._know_before([target for target in targets if target not in self.after])
        self._fix_refused(targets, converge, banned, satisfied)

    def _fix_refused(self, targets: Sequence[str], converge: Converge, banned: set[Ban], satisfied: Set[str]) -> None:
        """Try the fixes of the nodes that compilers name where they refuse what their tables accept.

        The model found before is kept unless all of these compilers take the new one, and no other target is worse off.
        """
        kept, known, entries = self.bench.saved(), self.after, list(self.consulted.entries)
        for _ in range(MOST_REFUSED):
            refused = self._refused()
            if not refused:
                break
            model = self.bench.model
            found = [finding for target in refused for finding in with_measured_fixes(self._last(target).findings, model, target)]
            if not self.consulted.add(found, model):
                break
            self.bench.forget()
            converge(set(banned), satisfied)
            if self.bench.model is model or self._worse(targets):
                break
            if all(self.after[target].accepted for target in refused):
                kept, known = self.bench.saved(), self.after
        if len(self.consulted.entries) > len(entries):
            self.consulted.entries[:] = entries
            self.bench.restore(kept)
            self.bench.forget()
            self.after = known

    def _refused(self) -> list[str]:
        """Return the targets whose compilers refuse the working model, and whose tables accept it."""
        accepted = [title(result) for result in self.bench.results if result.verdict == "accepted"]
        found = {target: self._last(target) for target in accepted}
        return [target for target, last in found.items() if not (last.reason or last.accepted)]

    def _last(self, target: str) -> Measurement:
        return Confirmed(self.before.get(target), self.after.get(target)).last

    def _worse(self, targets: Sequence[str]) -> str:
        """Measure the working model, and return the first target on which it is worse than the model given; or empty."""
        self.after = self._measured(self.bench.model, targets)
        self._know_before([target for target in targets if not self.after[target].reason])
        return next((t for t in targets if t in self.before and is_worse(self.before[t], self.after[t])), "")

    def _know_before(self, targets: Sequence[str]) -> None:
        missing = [target for target in targets if target not in self.before]
        if missing:
            self.before |= self._measured(self.given.model, missing)

    def _measured(self, model: ModelProto, targets: Collection[str]) -> dict[str, Measurement]:
        if self.samples is None:
            self.samples = comparable_samples(self.bench.reference)
        return dict(self.measure(self.finished(model), self.samples, targets))

    def _blamed(self, target: str) -> Step | None:
        """Return the first rewrite after which a target is worse; None where it was no rewrite that findings called for.

        The models between are halved: what was measured as worse stays worse in most chains, and one wrong guess costs
        one more try.
        """
        steps = self.bench.steps
        low, high = 0, len(steps)
        while high - low > 1:
            middle = (low + high) // 2
            found = self._measured(steps[middle - 1].model, [target])[target]
            if found.reason:
                return steps[-1]
            low, high = (low, middle) if is_worse(self.before[target], found) else (middle, high)
        return steps[high - 1] if steps else None

    def _confirmed(self, target: str) -> Confirmed:
        before, after = self.before.get(target), self.after.get(target)
        if after is None and before is not None:
            after = before  # nothing was changed
        return Confirmed(before, after)


def comparable_samples(reference: Reference) -> list[ReferenceSample]:
    """Return up to one sample for each size of the dynamic dims whose outputs can be compared."""
    if is_random(reference.original.graph):
        return []
    chosen: dict[tuple[tuple[str, tuple[int, ...]], ...], ReferenceSample] = {}
    for sample in reference.answers:
        sizes = tuple((name, np.shape(array)) for name, array in sorted(sample.feed.items()))
        if sizes not in chosen and _comparable(sample):
            chosen[sizes] = replace(sample, moved=functools.partial(reference.moved, sample))
    return list(chosen.values())[:MOST_SIZES]


def _comparable(sample: ReferenceSample) -> bool:
    """Whether an input and all outputs are finite numbers."""
    outputs = [output for run in sample.runs for output in run]
    if any(not isinstance(output, np.ndarray) or output.dtype.kind not in "biuf" for output in outputs):
        return False
    if any(array.dtype.kind not in "biuf" for array in sample.feed.values()):
        return False
    return all(output.dtype.kind != "f" or bool(np.isfinite(output).all()) for output in outputs)


def bans(step: Step | None, banned: Set[Ban]) -> set[Ban]:
    """Return the rewrite with the nodes it was on; the rewrite altogether where it was banned on other nodes before."""
    if step is None:
        return set()
    name = step.rewrite.name
    if any(other == name for other, _ in banned):
        return {ban for ban in [(name, None)] if ban not in banned}
    return {(name, key) for key, _ in step.sites}


def withdrawn_changes(step: Step | None, target: str, after: Measurement) -> list[Change]:
    """Return the changes of a step as withdrawn, with what the target makes of the result."""
    if step is None:
        return []
    reason = f"skipped: {target} itself {after.told} after it"
    return [Change(step.rewrite.name, step.rewrite.safety, label, False, reason) for _, label in step.sites]
