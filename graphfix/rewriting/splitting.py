"""On which nodes a rewrite passes that fails as a whole: groups of equal nodes first, then halves of those that fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence, Set
from typing import Protocol

from onnx import ModelProto

from graphfix.linter.diagnostics import Result
from graphfix.rewriting.change import Change
from graphfix.rewriting.equal_sites import equal_sites
from graphfix.rewriting.rewrite import Key, Outcome, Rewrite

MOST_SPLITS = 24
"""Maximum number of splits when searching for the nodes on which a rewrite fails."""


class Bench(Protocol):
    """What is needed of the working model."""

    model: ModelProto

    @property
    def judge(self) -> Callable[[ModelProto], Sequence[Result]]:
        """Return the verdicts on a model."""

    def trial(self, rewrite: Rewrite, wanted: frozenset[Key] | None) -> Outcome:
        """Apply a rewrite to a copy."""

    def refusal(self, rewrite: Rewrite, results: Sequence[Result], callers: Set[str]) -> str | None:
        """Return why the verdicts on an outcome forbid to keep it."""

    def keep(
        self, rewrite: Rewrite, outcome: Outcome, callers: Set[str] = frozenset(), results: Sequence[Result] | None = None
    ) -> str | None:
        """Make an outcome the working model, or return why not."""

    def note(self, change: Change) -> None:
        """Record a declined change."""


def keep_part(bench: Bench, rewrite: Rewrite, failed: Outcome, callers: Set[str]) -> bool:
    """Keep the nodes of a failed outcome on which the rewrite passes; return True when the working model changed.

    Where the verdicts on one node of a group of equal ones refuse it, the others of the group are not tried.
    """
    labels = dict(zip(failed.keys, failed.changed, strict=False))
    groups = equal_sites(bench.model, failed.keys)
    queue = deque(enumerate(groups))
    alone, refused, kept, tries = set[int](), dict[int, str](), False, 0
    if len(groups) == 1:  # which was tried
        alone.add(0)
        queue = deque([(0, groups[0][:1]), (0, groups[0][1:])])
    while queue:
        group, part = queue.popleft()
        if group in refused:
            for key in part:
                bench.note(Change(rewrite.name, rewrite.safety, labels.get(key, key[1]), False, f"skipped: {refused[group]}"))
            continue
        if tries >= MOST_SPLITS:
            bench.note(Change(rewrite.name, rewrite.safety, part[0][1], False, "skipped: it fails on too many nodes"))
            break
        tries += 1
        outcome = bench.trial(rewrite, frozenset(part))
        if outcome.model is None:
            continue
        results = bench.judge(outcome.model)
        refusal = bench.refusal(rewrite, results, callers)
        reason = refusal or bench.keep(rewrite, outcome, callers, results)
        if reason is None:
            kept = True
        elif len(part) == 1:
            label = next(iter(outcome.changed), part[0][1])
            bench.note(Change(rewrite.name, rewrite.safety, label, False, f"skipped: {reason}"))
            if refusal is not None:
                refused[group] = refusal
        elif group in alone:
            middle = len(part) // 2
            queue += [(group, part[:middle]), (group, part[middle:])]
        else:
            alone.add(group)
            queue += [(group, part[:1]), (group, part[1:])]
    return kept
