"""From evidence to rules: the few short conditions that explain what a compiler refused.

A condition must cover refused probes and no accepted one; which of those wins is for search.py to find. Conditions of
one facet come first, then of two, then of three; what is left becomes an exception under its full key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphfix.facets import Facets
from graphfix.probe.form import EDGE
from graphfix.probe.measure import Evidence
from graphfix.probe.naming import identifier, kind_of
from graphfix.probe.search import Search, order
from graphfix.values import Facet

WRITTEN = ("axes", "split")
"""Operands that exporters write down as constants and do not compute."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, the probes for and against it, and the compiler's most frequent words where it holds."""

    id: str
    kind: str
    when: Mapping[str, Any]
    stage: str
    said: str
    supports: int
    opposes: int
    error: float | None = None


@dataclass(slots=True)
class Distilled:
    """The rules for refusals and for wrong numbers, and the probes that no rule explains."""

    rejects: list[Rule]
    wrong: list[Rule]
    exceptions: list[Evidence]
    axes: dict[str, list[Facet]]


def distil(rows: Sequence[Evidence]) -> Distilled:
    """Explain the evidence about one operator; the result depends on nothing but the rows."""
    rows = [standing(row) for row in sorted(rows, key=lambda row: row.digest)]
    odd = _odd([row for row in rows if EDGE in row.varied])
    rows = [row for row in rows if EDGE not in row.varied]
    settled = _settled(rows)
    refused = [row for row in settled if row.verdict == "rejected"]
    taken = [row for row in settled if row.verdict in ("works", "wrong")]
    rejects, left = explain(refused, taken)
    wrong, unclear = explain([row for row in taken if row.verdict == "wrong"], [row for row in taken if row.verdict == "works"])
    values: dict[str, set[Facet]] = {}
    for row in rows:
        for name, value in row.facets.items():
            if value is not None:
                values.setdefault(name, set()).add(value)
    axes = {name: sorted(found, key=order) for name, found in sorted(values.items())}
    return Distilled(_named(rejects), _named([*wrong, *odd]), [*left, *unclear], axes)


def _odd(rows: Sequence[Evidence]) -> list[Rule]:
    """Rules for numbers that come out wrong; only probes that tried the same sort speak for or against them."""
    sorts: dict[str, dict[tuple[tuple[str, str], ...], Evidence]] = {}
    for row in rows:
        found = sorts.setdefault(row.label.partition(";")[0], {})
        if row.verdict == "wrong" or (row.verdict == "works" and key(row.facets) not in found):
            found[key(row.facets)] = row
    rules = []
    for _, tried in sorted(sorts.items()):
        wrong = [row for row in tried.values() if row.verdict == "wrong"]
        rules += explain(wrong, [row for row in tried.values() if row.verdict == "works"])[0]
    return rules


def standing(row: Evidence) -> Evidence:
    """The row as it counts where a compiler took a probe only after an optional simplifier.

    What exporters compute of sizes, such as targets, states and conditions, relies on that step in every real model. An
    operand that they write down does not, so that the compiler's own refusal of a computed one stands.
    """
    if not row.aided or row.facets.get("foldable"):
        return row
    computed = any(row.facets.get(f"{name}.from") in ("folded", "fixed-shape") for name in WRITTEN)
    return replace(row, verdict="rejected", error=None) if computed else row


def key(facets: Facets) -> tuple[tuple[str, str], ...]:
    """A hashable form of a full key."""
    return tuple(sorted((name, repr(value)) for name, value in facets.items()))


def _settled(rows: Iterable[Evidence]) -> list[Evidence]:
    """One row for each key: where probes of one key disagree, the majority, and on a tie what was accepted."""
    groups: dict[tuple[tuple[str, str], ...], list[Evidence]] = {}
    for row in rows:
        groups.setdefault(key(row.facets), []).append(row)
    out = []
    for group in groups.values():
        refused = [row for row in group if row.verdict == "rejected"]
        taken = [row for row in group if row.verdict != "rejected"]
        out.append((refused if len(refused) > len(taken) else taken)[0])
    return out


def explain(refused: Sequence[Evidence], taken: Sequence[Evidence]) -> tuple[list[Rule], list[Evidence]]:
    """Rules that cover the refused rows and none of the taken; the rows that none covers."""
    if not refused:
        return [], []
    if not taken:
        return [_rule({}, refused, 0)], []
    search = Search(refused, taken)
    rules = []
    while (found := search.best()) is not None:
        when, covered = found
        rules.append(_rule(when, [row for i, row in enumerate(refused) if covered >> i & 1], 0))
        search.left &= ~covered
    return rules, [row for i, row in enumerate(refused) if search.left >> i & 1]


def _rule(when: Mapping[str, Any], covered: Sequence[Evidence], opposes: int) -> Rule:
    said = Counter(row.said for row in covered)
    stages = Counter(row.stage for row in covered)
    errors = [row.error for row in covered if row.error is not None]
    return Rule(
        "", kind_of(when), dict(when), min(stages, key=lambda s: (-stages[s], s)),
        min(said, key=lambda s: (-said[s], s)), len(covered), opposes, max(errors, default=None),
    )  # fmt: skip


def _named(rules: Iterable[Rule]) -> list[Rule]:
    """The rules with stable, distinct ids."""
    out: list[Rule] = []
    used: Counter[str] = Counter()
    for rule in rules:
        base = identifier(rule.when)
        used[base] += 1
        name = base if used[base] == 1 else f"{base}-{used[base]}"
        out.append(Rule(name, rule.kind, rule.when, rule.stage, rule.said, rule.supports, rule.opposes, rule.error))
    return out
