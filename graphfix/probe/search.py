"""The search for the condition that explains most refused probes and contradicts no accepted one.

Among the conditions that cover refused probes alone, the one wins whose facets explain most: for every refused probe
the accepted probes that resemble it most are looked up, and the facets in which they differ share one vote; a facet
that the probe was built to vary gets half a vote more, if few accepted ones share its value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from graphfix.probe.measure import Evidence
from graphfix.values import Facet

Pair = tuple[str, Facet]
MOST_FACETS = 4
"""Facets in one condition; more would no longer be a reason."""
NEAR = 2
"""Difference in distance up to which an accepted probe counts as resembling a refused one most."""
MOST_SUSPECTS = 9
"""Facets tried together for one refused probe."""


def order(value: Facet) -> tuple[str, Any]:
    """A sort key for facets of any type: by the type's name, then by value."""
    return type(value).__name__, value


class Search:
    """Greedy cover over bit masks: bit i of a mask stands for the i-th refused, or taken, row."""

    def __init__(self, refused: Sequence[Evidence], taken: Sequence[Evidence]) -> None:
        self.refused = refused
        self.left = (1 << len(refused)) - 1
        stand_ins = {
            pair: None
            for row in refused
            for pair in row.facets.items()
            if pair[1] in ("absent", 0)  # 0 is False too
        }
        self.here = self._masks(refused, stand_ins)
        self.there = self._masks(taken, stand_ins)
        self.values: dict[str, list[Facet]] = {}
        for name, value in self.here:
            self.values.setdefault(name, []).append(value)
        self.forms: dict[Facet, set[frozenset[str]]] = {}
        for row in (*refused, *taken):
            self.forms.setdefault(row.facets.get("since"), set()).add(frozenset(row.facets))
        crowd = Crowd(taken)
        self.votes = [votes_of(row, crowd) for row in refused]
        self.tried: set[tuple[Pair, ...]] = set()
        self.found: list[tuple[dict[str, list[Facet]], int]] | None = None
        self.size = 0

    @staticmethod
    def _masks(rows: Sequence[Evidence], stand_ins: Iterable[Pair]) -> dict[Pair, int]:
        masks: dict[Pair, int] = {}
        lacking = {name: 0 for name, _ in stand_ins}
        for i, row in enumerate(rows):
            for pair in row.facets.items():
                if pair[1] is not None:
                    masks[pair] = masks.get(pair, 0) | 1 << i
            for name in lacking:
                if name not in row.facets:
                    lacking[name] |= 1 << i
        # A facet that a node does not have reads as absent or false, see `conditions.holds`.
        for pair in stand_ins:
            masks[pair] = masks.get(pair, 0) | lacking[pair[0]]
        return masks

    def best(self) -> tuple[dict[str, Any], int] | None:
        """The condition with the most votes for what is left, of the least size that has any; None at the end."""
        while self.left and self.size <= MOST_FACETS:
            if self.found is None:
                self.size += 1
                self.found = self._candidates(self.size) if self.size <= MOST_FACETS else []
            ranked = [(self._weight(when, mask & self.left), when, mask) for when, mask in self.found]
            ranked = [entry for entry in ranked if entry[0] > 0]
            if not ranked:
                self.found = None
                continue
            _, when, mask = max(ranked, key=lambda entry: (entry[0], repr(sorted(entry[1].items(), key=str))))
            self.found = [(w, m) for w, m in self.found if m & self.left & ~mask]
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

    def _candidates(self, size: int) -> list[tuple[dict[str, list[Facet]], int]]:
        out: dict[str, tuple[dict[str, list[Facet]], int]] = {}
        for i, row in enumerate(self.refused):
            if not self.left >> i & 1:
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
                mask = self._cover(self.here, widened)
                self._assume_versions(widened)
                when = {group[0][0]: sorted((v for _, v in group), key=order) for group in widened}
                out.setdefault(repr(when), (when, mask))
        return list(out.values())

    def _widened(self, pairs: Sequence[Pair]) -> list[list[Pair]]:
        """The same condition with every further value that refused rows have and accepted rows rule out nowhere."""
        groups = [[pair] for pair in pairs]
        for at, (name, first) in enumerate(pairs):
            for value in sorted(self.values[name], key=order):
                if value == first and isinstance(value, bool) == isinstance(first, bool):
                    continue
                trial = [[*group, (name, value)] if i == at else group for i, group in enumerate(groups)]
                alone = [[(name, value)] if i == at else group for i, group in enumerate(groups)]
                if self._cover(self.here, alone) and not self._against(trial):
                    groups = trial
        return groups

    def _assume_versions(self, groups: list[list[Pair]]) -> None:
        """Add the versions that were never probed with the rest of a condition, where the nearest probed one is in it."""
        at = next((i for i, group in enumerate(groups) if group[0][0] == "since"), None)
        if at is None:
            return
        names = {group[0][0] for group in groups}
        listed = {pair[1] for pair in groups[at]}
        probed = {}
        for pair in {pair: None for pair in (*self.here, *self.there) if pair[0] == "since"}:
            alone = [[pair] if i == at else group for i, group in enumerate(groups)]
            if self._cover(self.here, alone) or self._against(alone):
                probed[pair[1]] = pair[1] in listed
        for pair in {pair: None for pair in (*self.here, *self.there) if pair[0] == "since"}:
            same = any(names <= form for form in self.forms.get(pair[1], ()))
            if pair[1] not in probed and probed and same:
                nearest = min(probed, key=lambda since: (abs(int(since or 0) - int(pair[1] or 0)), -int(since or 0)))
                if probed[nearest]:
                    groups[at].append(pair)

    def _against(self, groups: Sequence[Sequence[Pair]]) -> int:
        return self._cover(self.there, groups)

    @staticmethod
    def _cover(masks: Mapping[Pair, int], groups: Sequence[Sequence[Pair]]) -> int:
        found = -1
        for group in groups:
            either = 0
            for pair in group:
                either |= masks.get(pair, 0)
            found &= either
        return found


class Crowd:
    """Taken rows as numbers, a row each and a column for every facet that one has, so that all are compared at once."""

    def __init__(self, taken: Sequence[Evidence]) -> None:
        self.taken = taken
        self.codes: dict[str, dict[Facet, int]] = {name: {} for row in taken for name in row.facets}
        for row in taken:
            for name, value in row.facets.items():
                self.codes[name].setdefault(value, len(self.codes[name]) + 1)
        self.table = np.zeros((len(taken), len(self.codes)), np.int32)  # 0 is a facet that a row does not have
        places = {name: place for place, name in enumerate(self.codes)}
        for i, row in enumerate(taken):
            for name, value in row.facets.items():
                self.table[i, places[name]] = self.codes[name][value]

    def near(self, row: Evidence) -> list[tuple[float, list[str]]]:
        """How far the rows are that resemble a refused one most, in their order, and the facets in which each differs."""
        known = [name for name, value in row.facets.items() if value is not None]
        wanted = np.asarray([self.codes.get(name, {}).get(row.facets[name], -1) for name in known], np.int32)
        columns = {name: self.table[:, place] for place, name in enumerate(self.codes)}
        nowhere = np.zeros(len(self.taken), np.int32)
        apart = np.stack([columns.get(name, nowhere) for name in known]) != wanted[:, None] if known else nowhere[None] != 0
        gone = sum((column != 0 for name, column in columns.items() if name not in row.facets), nowhere)
        distances = apart.sum(0) + 0.5 * gone
        close = np.flatnonzero(distances <= distances.min() + NEAR)
        return [
            (float(distances[i]), [name for name, differs in zip(known, apart[:, i], strict=False) if differs]) for i in close
        ]

    def usual(self, name: str, value: Facet) -> bool:
        """Whether most rows have that value; a facet that a row does not have counts as unknown."""
        return sum(other.facets.get(name) == value for other in self.taken) * 2 > len(self.taken)


def votes_of(row: Evidence, crowd: Crowd) -> dict[str, float]:
    """How far each facet of a refused row is suspected of being the reason."""
    near = crowd.near(row)
    nearest = min(distance for distance, _ in near)
    votes: dict[str, float] = defaultdict(float)
    close = [(distance, apart) for distance, apart in near if apart]
    for distance, apart in close:
        for name in apart:
            votes[name] += 2.0 ** (nearest - distance) / len(apart) / len(close)
    for name, value in row.facets.items():
        varied = any(name == word or name.startswith(word + ".") for word in row.varied)
        if varied and value is not None and not crowd.usual(name, value):
            votes[name] += 0.5
    if "since" in row.facets:
        votes["since"] += 0.01  # so that versions may always narrow another reason
    return dict(votes)
