"""Active probing: variants are measured until every entry of a table rests on enough probes, or is found not to hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphfix.probe.build import Probe
from graphfix.probe.challengers import challengers
from graphfix.probe.distil import Distilled, Rule, distil, without_simplifier
from graphfix.probe.form import NUMBERS_ONLY
from graphfix.probe.measure import NUMBERS_PREFIX, Evidence
from graphfix.probe.pairs import pair_probes
from graphfix.probe.variants import Question, variants
from graphfix.tables.conditions import Condition, holds
from graphfix.tables.evidence import AT_READ, AT_RUN
from graphfix.tables.floor import FLOOR

ROUNDS = 8
"""How often an operator's evidence is distilled again: an entry that splits leaves parts that need probes of their own."""
MOST = 400
"""Variants of one operator from which on no further round begins."""
Ask = Callable[[Sequence[Probe]], list[Evidence]]


@dataclass(frozen=True, slots=True)
class Deepened:
    """The evidence about an operator after active probing, the number of variants asked about, and the entries below the
    floor before and after."""

    op: str
    rows: list[Evidence]
    asked: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Thin:
    """An entry on too few probes: its condition, which is all facets where it is an exception, and the verdict for it."""

    when: Mapping[str, Any]
    verdict: str
    exact: bool = False

    def met_by(self, row: Evidence) -> bool:
        """Whether a row of evidence is one for the entry."""
        return row.verdict == self.verdict and bool(row.facets == self.when if self.exact else holds(self.when, row.facets))


def unsure_entries(found: Distilled, known: Collection[str] = ()) -> list[Thin]:
    """Return the entries on which too few probes bear, and of rejections those that are not among `known` conditions.

    A new condition may come from variants alone, which were made of refused probes and share what those were refused for.
    """

    def unsure(rule: Rule) -> bool:
        return rule.supports + rule.opposes < FLOOR or (bool(known) and str(rule.when) not in known)

    entries = [Thin(rule.when, "rejected") for rule in found.rejects if unsure(rule)]
    for rule in found.wrong:
        if rule.supports + rule.opposes < FLOOR and not rule.said.startswith(NUMBERS_PREFIX):
            entries.append(Thin(rule.when, "fails" if rule.stage in (AT_RUN, AT_READ) else "wrong"))
    entries += [Thin(row.facets, row.verdict, exact=True) for row in found.exceptions]
    return entries


def _challenged(found: Distilled) -> list[Condition]:
    """Return the conditions of rejections and of wrong numerics, without those about numbers that only some inputs hold."""
    return [rule.when for rule in (*found.rejects, *found.wrong) if not rule.said.startswith(NUMBERS_PREFIX)]


def deepened(op: str, target: str, rows: Sequence[Evidence], ask: Ask, skipped: Sequence[Probe] = ()) -> Deepened:
    """Ask about pairs of changes of one operator, then about challengers of its entries and variants of the probes behind
    thin ones, and distil again, until none is left to ask. `skipped` are probes of its forms that may challenge."""
    rows = list(rows)
    tried = {row.digest for row in rows}
    given = len(rows)
    before = len(unsure_entries(distil(rows)))
    if pairs := pair_probes(op, target, rows, tried):
        rows += ask(pairs)
    count = len(rows)
    found = distil(rows)
    thin = unsure_entries(found)
    known = {str(rule.when) for rule in (*found.rejects, *found.wrong)}
    for _ in range(ROUNDS):
        usable = [row for row in map(without_simplifier, rows) if NUMBERS_ONLY not in row.varied]
        fresh = challengers(_challenged(found), rows, skipped, tried)
        for entry in thin:
            known.add(str(entry.when))
            refused = [row for row in usable if entry.met_by(row)]
            if not entry.exact or len(refused) < FLOOR:
                others = [rule.when for rule in found.rejects if rule.when != entry.when]
                fresh += variants(target, Question(entry.when, refused, usable, others, entry.exact), tried, FLOOR)
        if not fresh or len(rows) - count > MOST:
            break
        rows += ask(fresh)
        found = distil(rows)
        thin = unsure_entries(found, known)
    return Deepened(op, rows, len(rows) - given, before, len(unsure_entries(found)))
