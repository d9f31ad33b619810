"""From trials of fixes to the `fixed_by` of a table's entries: which rewrites fixed how many probes, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphfix.probe.distil import explain, without_simplifier
from graphfix.probe.measure import Evidence
from graphfix.probe.trials import Trial
from graphfix.tables.conditions import Condition, holds

Group = tuple[str, int]
"""`rejects` or `wrong`, and the position of the entry in that list of the table."""
LISTS = {"rejected": "rejects", "wrong": "wrong"}
"""The list of a table in which a probe with this verdict counts."""


def grouped(conditions: Mapping[str, Sequence[Condition]], rows: Iterable[Evidence]) -> dict[Group, list[Evidence]]:
    """Return the refused rows under the entry that decides about each: the first whose condition holds."""
    groups: dict[Group, list[Evidence]] = {}
    for row in map(without_simplifier, rows):
        name = LISTS.get(row.verdict, "")
        at = next((i for i, when in enumerate(conditions.get(name, ())) if holds(when, row.facets)), None)
        if at is not None:
            groups.setdefault((name, at), []).append(row)
    return groups


def add_fixes(table: dict[str, Any], rows: Iterable[Evidence], trials: Mapping[str, Trial]) -> None:
    """Set `fixed_by` and `tried` in every entry of a table that has trials; `trials` are by digest of the probe."""
    conditions = {name: [rule["when"] for rule in table[name]] for name in LISTS.values()}
    groups = grouped(conditions, [row for row in rows if row.digest in trials])
    for name in conditions:
        for at, rule in enumerate(table[name]):
            rule.pop("fixed_by", None), rule.pop("tried", None)
            tried = groups.get((name, at))
            if tried:
                rule["tried"] = len(tried)
                rule["fixed_by"] = fixed_by(tried, trials)


def fixed_by(tried: Sequence[Evidence], trials: Mapping[str, Trial]) -> list[dict[str, Any]]:
    """Return the rewrites that fixed probes of one entry, those that fixed most first.

    Each item has the rewrite of the probe's node (`name`), all `rewrites` in order, their `safety`, and the counts `fixed`
    `of` the probes tried. `when` is there if the rewrites did not fix all: a condition that holds for probes that they
    fixed and for no other; the counts are then of the probes that meet it. A sequence that fixed only probes which no
    condition tells apart from others is listed without one, with its count.
    """
    by_name: dict[tuple[str, str], list[Evidence]] = {}
    for row in tried:
        trial = trials[row.digest]
        if trial.result == "fixed":
            by_name.setdefault((trial.main, trial.safety), []).append(row)
    items = []
    for (name, safety), rows in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0])):
        others = [row for row in tried if row not in rows]
        rules, unexplained = explain(rows, others)
        for rule in rules:
            covered = [row for row in rows if holds(rule.when, row.facets)]
            items.append(_item(name, safety, covered, len(covered), trials, rule.when))
        if unexplained:
            items.append(_item(name, safety, rows, len(tried), trials, {}))
    return items


def _item(
    name: str, safety: str, fixed: Sequence[Evidence], of: int, trials: Mapping[str, Trial], when: Condition
) -> dict[str, Any]:
    """Return one item of `fixed_by`."""
    rewrites = Counter(trials[row.digest].rewrites for row in fixed)
    usual = min(rewrites, key=lambda chain: (-rewrites[chain], len(chain), chain))
    item = {"name": name, "rewrites": list(usual), "safety": safety, "fixed": len(fixed), "of": of}
    return item | ({"when": dict(when)} if when else {})
