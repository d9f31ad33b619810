"""The search for the condition that explains most rejected probes and covers no accepted one.

Among the conditions that cover only rejected probes, the one with the most votes is chosen. For every rejected probe
the most similar accepted probes are found, and the facets in which they differ share one vote; a facet that the probe
was built to vary gets half a vote more, if few accepted probes have its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from graphfix.analysis.facets.words import BOUNDED
from graphfix.analysis.values import Facet
from graphfix.probe.measure import Evidence
from graphfix.probe.votes import AcceptedRows, votes_of

Pair = tuple[str, Facet]
MOST_FACETS = 4
"""The largest number of facets in one condition."""
MOST_SUSPECTS = 9
"""Facets with the most votes from which the conditions for one rejected probe are built."""


def order(value: Facet) -> tuple[str, Any]:
    """Return a sort key for facets of any type: the type's name, then the value."""
    return type(value).__name__, value


def _at_least(size: Pair, masks: Mapping[Pair, int]) -> int:
    """Return the mask of the rows with this size or a larger one."""
    name, least = size
    found = 0
    for (other, value), mask in masks.items():
        if other == name and value >= least:  # type: ignore[operator]  # sizes are numbers
            found |= mask
    return found


def _term(group: Sequence[Pair]) -> list[Facet] | dict[str, Facet]:
    """Return the term of a condition for some values of one facet: a list, or the bound that the least size is."""
    values = sorted((value for _, value in group), key=order)
    return {"min": values[0]} if group[0][0] in BOUNDED else values


class ConditionSearch:
    """Greedy set cover over bit masks: bit i of a mask stands for the i-th rejected, or accepted, probe."""

    def __init__(self, rejected: Sequence[Evidence], accepted: Sequence[Evidence]) -> None:
        self.rejected = rejected
        self.unexplained = (1 << len(rejected)) - 1
        stand_ins = {
            pair: None
            for row in rejected
            for pair in row.facets.items()
            if pair[1] in ("absent", 0) and pair[0] not in BOUNDED  # 0 is False too
        }
        sizes = {pair: None for row in rejected for pair in row.facets.items() if pair[0] in BOUNDED}
        self.rejected_masks = self._masks(rejected, stand_ins, sizes)
        self.accepted_masks = self._masks(accepted, stand_ins, sizes)
        self.values: dict[str, list[Facet]] = {}
        for name, value in self.rejected_masks:
            self.values.setdefault(name, []).append(value)
        self.forms: dict[Facet, set[frozenset[str]]] = {}
        for row in (*rejected, *accepted):
            self.forms.setdefault(row.facets.get("since"), set()).add(frozenset(row.facets))
        accepted_rows = AcceptedRows(accepted)
        self.votes = [votes_of(row, accepted_rows) for row in rejected]
        self.tried: set[tuple[Pair, ...]] = set()
        self.found: list[tuple[dict[str, Any], int]] | None = None
        self.size = 0

    @staticmethod
    def _masks(rows: Sequence[Evidence], stand_ins: Iterable[Pair], sizes: Iterable[Pair]) -> dict[Pair, int]:
        """Return the mask of every facet's value; that of a size stands for all sizes at least as large."""
        masks: dict[Pair, int] = {}
        lacking = {name: 0 for name, _ in stand_ins}
        for i, row in enumerate(rows):
            for pair in row.facets.items():
                if pair[1] is not None:
                    masks[pair] = masks.get(pair, 0) | 1 << i
            for name in lacking:
                if name not in row.facets:
                    lacking[name] |= 1 << i
        # A facet that a node does not have counts as absent or false, see `conditions.holds`.
        for pair in stand_ins:
            masks[pair] = masks.get(pair, 0) | lacking[pair[0]]
        return masks | {pair: _at_least(pair, masks) for pair in sizes}

    def best(self) -> tuple[dict[str, Any], int] | None:
        """Return the condition with the most votes for the unexplained probes, of the smallest size that has any, or None."""
        while self.unexplained and self.size <= MOST_FACETS:
            if self.found is None:
                self.size += 1
                self.found = self._candidates(self.size) if self.size <= MOST_FACETS else []
            ranked = [(self._weight(when, mask & self.unexplained), when, mask) for when, mask in self.found]
            ranked = [entry for entry in ranked if entry[0] > 0]
            if not ranked:
                self.found = None
                continue
            _, when, mask = max(ranked, key=lambda entry: (entry[0], repr(sorted(entry[1].items(), key=str))))
            self.found = [(w, m) for w, m in self.found if m & self.unexplained & ~mask]
            return dict(when), mask
        return None

    def _weight(self, when: Mapping[str, Any], mask: int) -> float:
        total = 0.0
        while mask:
            i = (mask & -mask).bit_length() - 1
            mask &= mask - 1
            votes = self.votes[i]
            total += min(votes.get(name, 0.0) for name in when) + 0.01 * sum(votes.get(name, 0.0) for name in when)
        return round(total, 6)

    def _candidates(self, size: int) -> list[tuple[dict[str, Any], int]]:
        out: dict[str, tuple[dict[str, Any], int]] = {}
        for i, row in enumerate(self.rejected):
            if not self.unexplained >> i & 1:
                continue
            votes = self.votes[i]
            suspects = sorted(votes, key=lambda name: (name != "since", -votes[name], name))[:MOST_SUSPECTS]
            for names in combinations(sorted(suspects), size):
                pairs = tuple((name, row.facets[name]) for name in names)
                if pairs in self.tried:
                    continue
                self.tried.add(pairs)
                if self._against([[pair] for pair in pairs]):
                    continue
                widened = self._widened(pairs)
                mask = self._cover(self.rejected_masks, widened)
                self._assume_versions(widened)
                when = {group[0][0]: _term(group) for group in widened}
                out.setdefault(repr(when), (when, mask))
        return list(out.values())

    def _widened(self, pairs: Sequence[Pair]) -> list[list[Pair]]:
        """Add to a condition every further value that does not make it cover an accepted probe.

        With the value it must cover a probe that no shorter condition explains: what is rejected for another reason says nothing.
        """
        groups = [[pair] for pair in pairs]
        for at, (name, first) in enumerate(pairs):
            for value in sorted(self.values[name], key=order):
                if value == first and isinstance(value, bool) == isinstance(first, bool):
                    continue
                candidate = [[*group, (name, value)] if i == at else group for i, group in enumerate(groups)]
                alone = [[(name, value)] if i == at else group for i, group in enumerate(groups)]
                if self._cover(self.rejected_masks, alone) & self.unexplained and not self._against(candidate):
                    groups = candidate
        return groups

    def _assume_versions(self, groups: list[list[Pair]]) -> None:
        """Add the versions that were never probed with the rest of a condition, where the nearest probed one is in it."""
        at = next((i for i, group in enumerate(groups) if group[0][0] == "since"), None)
        if at is None:
            return
        names = {group[0][0] for group in groups}
        versions = list({pair: None for pair in (*self.rejected_masks, *self.accepted_masks) if pair[0] == "since"})
        probed = self._probed_versions(groups, at, versions)
        for pair in versions:
            has_facets = any(names <= form for form in self.forms.get(pair[1], ()))
            if pair[1] not in probed and probed and has_facets:
                nearest = min(probed, key=lambda since: (abs(int(since or 0) - int(pair[1] or 0)), -int(since or 0)))
                if probed[nearest]:
                    groups[at].append(pair)

    def _probed_versions(self, groups: list[list[Pair]], at: int, versions: Sequence[Pair]) -> dict[Facet, bool]:
        """The versions that were probed with the rest of a condition, and whether the condition includes them."""
        listed = {pair[1] for pair in groups[at]}
        probed = {}
        for pair in versions:
            alone = [[pair] if i == at else group for i, group in enumerate(groups)]
            if self._cover(self.rejected_masks, alone) or self._against(alone):
                probed[pair[1]] = pair[1] in listed
        return probed

    def _against(self, groups: Sequence[Sequence[Pair]]) -> int:
        return self._cover(self.accepted_masks, groups)

    @staticmethod
    def _cover(masks: Mapping[Pair, int], groups: Sequence[Sequence[Pair]]) -> int:
        found = -1
        for group in groups:
            either = 0
            for pair in group:
                either |= masks.get(pair, 0)
            found &= either
        return found
