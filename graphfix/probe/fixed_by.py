"""From trials of fixes to the `fixed_by` of a table's entries: which rewrites fixed how many probes, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphfix.linter.measured_fix import CLEANUP, FREEZE
from graphfix.probe.decision_tree import decision_tree
from graphfix.probe.distil import without_simplifier
from graphfix.probe.measure import Evidence
from graphfix.probe.trials import UNRUN, Trial
from graphfix.rewriting.registry import registry
from graphfix.tables.conditions import Condition, holds

Group = tuple[str, int]
"""`rejects` or `wrong`, and the position of the entry in that list of the table."""
LISTS = {"rejected": "rejects", "wrong": "wrong", "fails": "wrong"}
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
    trials = {digest: trial for digest, trial in trials.items() if trial.result != UNRUN}
    groups = grouped(conditions, [*(row for row in rows if row.digest in trials), *rows_in_context(trials.values())])
    for name in conditions:
        for at, rule in enumerate(table[name]):
            rule.pop("fixed_by", None), rule.pop("tried", None)
            tried = groups.get((name, at))
            if tried:
                rule["tried"] = len(tried)
                rule["fixed_by"] = fixed_by(tried, trials)


def rows_in_context(trials: Iterable[Trial]) -> list[Evidence]:
    """Return trials of nodes among others as rows of evidence, which they are for fixes only."""
    return [Evidence(t.op, t.digest, "", (), t.facets, "rejected", "", "") for t in trials if t.facets]


def fixed_by(tried: Sequence[Evidence], trials: Mapping[str, Trial]) -> list[dict[str, Any]]:
    """Return the rewrites that fixed probes of one entry, those that fixed most first.

    Each item has the rewrite that decides (`name`), all `rewrites` in order, their `safety`, and the counts `fixed` `of` the
    probes tried that meet `when`, a condition that is missing where the item is about all probes. The conditions are the
    paths of a decision tree over the facets, so they exclude each other: a node meets one of them at most.
    """
    names = deciding_rewrites([trials[row.digest] for row in tried])
    labels = {row.digest: names.get(trials[row.digest].rewrites, "") for row in tried if trials[row.digest].result == "fixed"}
    items = []
    for when, rows in decision_tree(tried, {row.digest: labels.get(row.digest, "") for row in tried}):
        counts = Counter(labels[row.digest] for row in rows if row.digest in labels)
        if not counts:
            continue
        name = min(counts, key=lambda label: (-counts[label], label))
        if 3 * counts[name] >= len(rows):  # many probes are of rare forms, so that it may help usual nodes more often
            items.append(_item(name, [row for row in rows if labels.get(row.digest) == name], len(rows), trials, when))
    return sorted(items, key=lambda item: (-item["fixed"], item["name"]))


def deciding_rewrites(trials: Sequence[Trial]) -> dict[tuple[str, ...], str]:
    """Return for every sequence of rewrites that fixed a probe the one to name.

    It is the one that needs sizes from the user if there is one; else, of the rewrites that are not mere cleanup, one that
    fixed a probe alone, then the one that most of the successful sequences have.
    """
    known = registry()
    chains = {trial.rewrites: trial.main for trial in trials if trial.result == "fixed"}
    shared = Counter(name for trial in trials if trial.result == "fixed" for name in trial.rewrites)
    telling = {
        chain: [name for name in chain if name in known and not known[name].tidies and name not in CLEANUP] or [main]
        for chain, main in chains.items()
    }
    alone = {names[0] for names in telling.values() if len(names) == 1}
    return {
        chain: FREEZE if FREEZE in chain else max(telling[chain], key=lambda name: (name in alone, shared[name], name == main))
        for chain, main in chains.items()
    }


def _item(name: str, fixed: Sequence[Evidence], of: int, trials: Mapping[str, Trial], when: Condition) -> dict[str, Any]:
    """Return one item of `fixed_by`."""
    rewrites = Counter(trials[row.digest].rewrites for row in fixed)
    usual = min(rewrites, key=lambda chain: (-rewrites[chain], len(chain), chain))
    known = registry()
    safety = max((known[rewrite].safety for rewrite in usual), key=lambda safety: safety.rank)
    item = {"name": name, "rewrites": list(usual), "safety": safety.value, "fixed": len(fixed), "of": of}
    return item | ({"when": dict(when)} if when else {})
