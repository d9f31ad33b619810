"""Distillation of evidence to rules: short conditions that explain what a compiler rejects.

A condition covers rejected probes and no accepted one; search.py chooses among them. Conditions on one facet come
first, then on two, and so on; a probe that no condition covers becomes an exception with its full key. Of probes with
the same key the search sees one; the counts of a condition are of all probes that meet it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphfix.analysis.facets.node import Facets
from graphfix.analysis.facets.words import BOUNDED
from graphfix.analysis.values import Facet
from graphfix.probe.form import CONTEXT, NUMBERS_ONLY, VARIANT
from graphfix.probe.measure import RUNS, Evidence
from graphfix.probe.naming import identifier, kind_of
from graphfix.probe.search import ConditionSearch, order
from graphfix.tables.conditions import holds, without_bounded
from graphfix.tables.evidence import AT_READ, AT_RUN, DELEGATE, PARTLY
from graphfix.tables.unlike import common_difference

FEW = 7
"""A rule is kept as it is where at least so many probes are for it to each one against it."""
CONSTANT_OPERANDS = ("axes", "split")
"""Operands that exporters write as constants and do not compute."""
BOUNDS = ("starts", "ends")
"""Operands of a Slice that exporters compute only together with constant `axes`."""
REFUSED = "refused"
"""What becomes of a model with a rejected node that no accelerator leaves."""
OUTCOMES = (REFUSED, DELEGATE, PARTLY)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition, the numbers of probes for and against it, and the most frequent message of the probes it covers."""

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
    """The rules for rejections, and for failures at run time and wrong numerics, and the probes that no rule explains."""

    rejects: list[Rule]
    wrong: list[Rule]
    exceptions: list[Evidence]
    axes: dict[str, list[Facet]]


def distil(rows: Sequence[Evidence]) -> Distilled:
    """Distil the evidence about one operator; the result depends only on the rows."""
    rows = [without_simplifier(row) for row in sorted(rows, key=lambda row: row.digest)]
    numbers_rules = _numbers_rules([row for row in rows if NUMBERS_ONLY in row.varied])
    rows = [row for row in rows if NUMBERS_ONLY not in row.varied]
    rows = [row for row in rows if not (VARIANT in row.varied and row.verdict == "elsewhere")]  # a neighbour was refused
    distinct = _one_per_key(rows)
    rejected = [row for row in distinct if row.verdict == "rejected"]
    accepted = [row for row in distinct if row.verdict in RUNS]
    firm = _firm_rules(rows)
    left = [row for row in rejected if not any(holds(rule.when, row.facets) for rule in firm)]
    rejects, unexplained = explain(left, accepted)
    rejects = [*firm, *rejects]
    # nodes of exported models compute with whatever surrounds them: that they compute right contradicts no chosen numbers
    alone = [row for row in rows if CONTEXT not in row.varied]
    computing = [row for row in _one_per_key(alone) if row.verdict in RUNS]
    right = [row for row in computing if row.verdict == "works"]
    differing = [row for row in computing if row.verdict == "wrong"]
    # but a node that runs there shows that its form runs
    running = [row for row in rows if CONTEXT in row.varied and row.verdict in ("works", "wrong")]
    fails, unexplained_fails = explain([row for row in computing if row.verdict == "fails"], [*right, *differing, *running])
    wrong, unexplained_wrong = explain(differing, right)
    rejects = counted(rejects, rows, {"rejected"}, set(RUNS))
    fails = counted(fails, [*alone, *running], {"fails"}, {"works", "wrong"})
    wrong = counted(wrong, alone, {"wrong"}, {"works"})
    fails = [replace(rule, stage=AT_READ if rule.stage == AT_READ else AT_RUN) for rule in fails]
    values: dict[str, set[Facet]] = {}
    for row in rows:
        for name, value in row.facets.items():
            if value is not None:
                values.setdefault(name, set()).add(value)
    axes = {name: sorted(found, key=order) for name, found in sorted(values.items())}
    axes |= {name: list(dict.fromkeys((axes[name][0], axes[name][-1]))) for name in BOUNDED.intersection(axes)}
    exceptions = [*_exceptions(unexplained, accepted), *_exceptions([*unexplained_fails, *unexplained_wrong], right)]
    return Distilled(_named(rejects), _named([*fails, *wrong, *numbers_rules]), exceptions, axes)


def _exceptions(unexplained: Iterable[Evidence], others: Iterable[Evidence]) -> list[Evidence]:
    """Return the rows without the facets that are sizes, but those that differ from one with another verdict in these alone."""
    taken = {key(without_bounded(row.facets)) for row in others}
    plain = (replace(row, facets=without_bounded(row.facets)) for row in unexplained)
    return [row for row in plain if key(row.facets) not in taken]


def _firm_rules(rows: Sequence[Evidence]) -> list[Rule]:
    """The rules for rejections that the probes without variants give, and that few variants contradict.

    Variants share what they were made of. Where one in many is accepted, a condition that tells it from the others would be
    about what they share by chance, and would hold for no node that differs from all of them.
    """
    plain = [row for row in rows if VARIANT not in row.varied]
    distinct = _one_per_key(plain)
    rules, _ = explain([row for row in distinct if row.verdict == "rejected"], [row for row in distinct if row.verdict in RUNS])
    return [rule for rule in counted(rules, rows, {"rejected"}, set(RUNS)) if rule.opposes * FEW <= rule.supports]


def counted(rules: Iterable[Rule], rows: Sequence[Evidence], supporting: set[str], opposing: set[str]) -> list[Rule]:
    """The rules with the numbers of all rows that meet their conditions, by verdicts for and against them."""
    out = []
    for rule in rules:
        met = Counter(row.verdict for row in rows if holds(rule.when, row.facets))
        out.append(replace(rule, supports=sum(map(met.__getitem__, supporting)), opposes=sum(map(met.__getitem__, opposing))))
    return out


def _numbers_rules(rows: Sequence[Evidence]) -> list[Rule]:
    """Rules for wrong numerics with given input numbers; only probes with the same numbers count for or against a rule."""
    by_numbers: dict[str, dict[tuple[tuple[str, str], ...], Evidence]] = {}
    for row in rows:
        found = by_numbers.setdefault(row.label.partition(";")[0], {})
        if row.verdict in ("wrong", "fails") or (row.verdict == "works" and key(row.facets) not in found):
            found[key(row.facets)] = row
    rules = []
    for _, tried in sorted(by_numbers.items()):
        right = [row for row in tried.values() if row.verdict == "works"]
        wrong = [row for row in tried.values() if row.verdict == "wrong"]
        rules += [replace(rule, stage=AT_RUN) for rule in explain([r for r in tried.values() if r.verdict == "fails"], right)[0]]
        rules += explain(wrong, right)[0]
    return rules


def without_simplifier(row: Evidence) -> Evidence:
    """Return the row, as rejected where the compiler accepted it only after an optional simplifier and that does not count.

    What exporters compute from sizes, such as target shapes, states and conditions, needs the simplifier in every real
    model, so it counts. Operands that exporters write as constants do not, so the rejection of a computed one remains.
    """
    if not row.aided or row.facets.get("foldable"):
        return row
    unnamed = row.op == "Slice" and row.facets.get("axes.from") == "absent"
    names = (*CONSTANT_OPERANDS, *BOUNDS) if unnamed else CONSTANT_OPERANDS
    computed = any(row.facets.get(f"{name}.from") in ("folded", "fixed-shape") for name in names)
    return replace(row, verdict="rejected", error=None) if computed else row


def key(facets: Facets) -> tuple[tuple[str, str], ...]:
    """Return the facets in a hashable form."""
    return tuple(sorted((name, repr(value)) for name, value in facets.items()))


def _one_per_key(rows: Iterable[Evidence]) -> list[Evidence]:
    """One row per key: where probes with the same key disagree, one of the majority, on a tie an accepted one.

    Of the accepted ones, one that computes what ONNX does is preferred: what some probe with the same key computes is no fault.
    Where variants were tried it is so only if they do not mostly compute something else, as what is put behind a node may
    hide a difference.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Evidence]] = {}
    for row in rows:
        groups.setdefault(key(row.facets), []).append(row)
    out = []
    for group in groups.values():
        tried = any(VARIANT in row.varied for row in group)
        group.sort(key=lambda row: VARIANT in row.varied)
        rejected = [row for row in group if row.verdict == "rejected"]
        works = [row for row in group if row.verdict == "works"]
        others = [row for row in group if row.verdict not in ("works", "rejected")]
        accepted = others + works if tried and len(others) > len(works) else works + others
        out.append((rejected if len(rejected) > len(accepted) else accepted)[0])
    return out


def explain(rejected: Sequence[Evidence], accepted: Sequence[Evidence]) -> tuple[list[Rule], list[Evidence]]:
    """Return rules that cover rejected rows and no accepted one, and the rejected rows that no rule covers.

    What is refused, and what an accelerator leaves to the CPU, wholly or in parts, is explained apart: it decides about a model
    of which other nodes are taken. Refusals come first, so that the other conditions may cover refused rows too.
    """
    groups: dict[str, list[Evidence]] = {outcome: [] for outcome in OUTCOMES}
    for row in rejected:
        groups[_outcome(row)].append(row)
    if len(groups[REFUSED]) == len(rejected):
        return _explained_alike(rejected, accepted)
    rules: list[Rule] = []
    unexplained: list[Evidence] = []
    for outcome, group in groups.items():
        others = [row for other in (DELEGATE, PARTLY) if other != outcome for row in groups[other]]
        found, left = _explained_alike(group, [*accepted, *others])
        rules += found
        unexplained += left
    return rules, unexplained


def _outcome(row: Evidence) -> str:
    """Return what becomes of a model with a rejected node: it is refused, or an accelerator leaves the node or parts of it."""
    return row.stage if row.stage in (DELEGATE, PARTLY) else REFUSED


def _explained_alike(rejected: Sequence[Evidence], accepted: Sequence[Evidence]) -> tuple[list[Rule], list[Evidence]]:
    """Return rules for rows that were all rejected alike, and the rows that no rule covers.

    Rejected variants are explained only where no rule for the other rows covers them: they share what the probe that they
    were made of was rejected for, and what else they share would look like a reason of its own.
    """
    rules, unexplained = _explained([row for row in rejected if VARIANT not in row.varied], accepted)
    variants = [row for row in rejected if VARIANT in row.varied and not any(holds(rule.when, row.facets) for rule in rules)]
    more, left = _explained(variants, accepted)
    return [*rules, *more], [*unexplained, *left]


def _explained(rejected: Sequence[Evidence], accepted: Sequence[Evidence]) -> tuple[list[Rule], list[Evidence]]:
    if not rejected:
        return [], []
    if not accepted:
        return [_rule({}, rejected, 0)], []
    search = ConditionSearch(rejected, accepted)
    rules = []
    while (found := search.best()) is not None:
        when, covered = found
        rules.append(_rule(when, [row for i, row in enumerate(rejected) if covered >> i & 1], 0))
        search.unexplained &= ~covered
    return rules, [row for i, row in enumerate(rejected) if search.unexplained >> i & 1]


def _rule(when: Mapping[str, Any], covered: Sequence[Evidence], opposes: int) -> Rule:
    said = Counter(row.said for row in covered)
    stages = Counter(row.stage for row in covered)
    errors = [row.error for row in covered if row.error is not None]
    unlike = all(row.verdict == "wrong" and NUMBERS_ONLY not in row.varied for row in covered)
    words = common_difference([row.said for row in covered]) if unlike else min(said, key=lambda s: (-said[s], s))
    return Rule(
        "", kind_of(when), dict(when), min(stages, key=lambda s: (-stages[s], s)), words, len(covered), opposes,
        max(errors, default=None),
    )  # fmt: skip


def _named(rules: Iterable[Rule]) -> list[Rule]:
    """The rules with stable, unique ids."""
    out: list[Rule] = []
    used: Counter[str] = Counter()
    for rule in rules:
        base = identifier(rule.when)
        used[base] += 1
        name = base if used[base] == 1 else f"{base}-{used[base]}"
        out.append(Rule(name, rule.kind, rule.when, rule.stage, rule.said, rule.supports, rule.opposes, rule.error))
    return out
