"""Votes for the facets that may be the reason of a rejection, from the accepted probes most similar to a rejected one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from graphfix.analysis.facets.words import BOUNDED
from graphfix.analysis.values import Facet
from graphfix.probe.measure import Evidence

NEAR = 2
"""The distance beyond the nearest accepted probe up to which accepted probes count as similar to a rejected one."""


class AcceptedRows:
    """The facets of accepted probes as a table of codes, a row per probe and a column per facet, for vectorized comparison."""

    def __init__(self, accepted: Sequence[Evidence]) -> None:
        self.accepted = accepted
        self.common: dict[tuple[str, Facet], bool] = {}
        self.codes: dict[str, dict[Facet, int]] = {name: {} for row in accepted for name in row.facets}
        for row in accepted:
            for name, value in row.facets.items():
                self.codes[name].setdefault(value, len(self.codes[name]) + 1)
        for name in BOUNDED.intersection(self.codes):  # in order, so that sizes can be compared
            self.codes[name] = {value: code for code, value in enumerate(sorted(self.codes[name], key=int), 1)}  # type: ignore[arg-type]
        self.table = np.zeros((len(accepted), len(self.codes)), np.int32)  # 0 where a probe does not have the facet
        columns_by_name = {name: column for column, name in enumerate(self.codes)}
        for i, row in enumerate(accepted):
            for name, value in row.facets.items():
                self.table[i, columns_by_name[name]] = self.codes[name][value]

    def near(self, row: Evidence) -> list[tuple[float, list[str]]]:
        """Return the distances of the probes most similar to a rejected one, and the facets in which each differs.

        An accepted probe of the same size or a larger one does not differ in size: what it has is within the limit.
        """
        known = [name for name, value in row.facets.items() if value is not None]
        wanted = np.asarray([self._code(name, row.facets[name]) for name in known], np.int32)
        columns = {name: self.table[:, column] for column, name in enumerate(self.codes)}
        nowhere = np.zeros(len(self.accepted), np.int32)
        found = np.stack([columns.get(name, nowhere) for name in known]) if known else nowhere[None]
        sized = np.asarray([name in BOUNDED for name in known] or [False])[:, None]
        differing = np.where(sized, found < wanted[:, None], found != wanted[:, None]) if known else found != 0
        extra = sum((column != 0 for name, column in columns.items() if name not in row.facets), nowhere)
        distances = differing.sum(0) + 0.5 * extra
        close = np.flatnonzero(distances <= distances.min() + NEAR)
        return [
            (float(distances[i]), [name for name, differs in zip(known, differing[:, i], strict=False) if differs]) for i in close
        ]

    def _code(self, name: str, value: Facet) -> int:
        """Return the code of a value: of a size, the first code of one that is not smaller."""
        codes = self.codes.get(name, {})
        if name in BOUNDED:
            return sum(other < value for other in codes) + 1  # type: ignore[operator]  # sizes are numbers
        return codes.get(value, -1)

    def usual(self, name: str, value: Facet) -> bool:
        """Whether most accepted probes have that value; a probe without the facet does not count as having it."""
        if (name, value) not in self.common:
            self.common[name, value] = sum(other.facets.get(name) == value for other in self.accepted) * 2 > len(self.accepted)
        return self.common[name, value]


def votes_of(row: Evidence, accepted_rows: AcceptedRows) -> dict[str, float]:
    """Return, by facet of a rejected probe, the weight with which it is suspected to be the reason."""
    near = accepted_rows.near(row)
    nearest = min(distance for distance, _ in near)
    votes: dict[str, float] = defaultdict(float)
    close = [(distance, differing) for distance, differing in near if differing]
    for distance, differing in close:
        for name in differing:
            votes[name] += 2.0 ** (nearest - distance) / len(differing) / len(close)
    for name, value in row.facets.items():
        varied = any(name == word or name.startswith(word + ".") for word in row.varied)
        if varied and value is not None and not accepted_rows.usual(name, value):
            votes[name] += 0.5
    if "since" in row.facets:
        votes["since"] += 0.01  # so that a condition on another facet can always be limited to versions
    return dict(votes)
