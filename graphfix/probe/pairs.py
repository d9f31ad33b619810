"""Pairs of changes: probes that combine two deviations of a form, until every two facets' values were measured together.

One change at a time shows what a compiler makes of a value alone; entries of two terms, and the claim that a supported value
stays supported beside another, need both together. This is pairwise testing, with facets as its parameters.
"""

from __future__ import annotations

import contextlib
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice
from typing import Any

from graphfix.analysis.facets.node import Facets
from graphfix.ir.forked_workers import ForkedWorkers, Lost, can_fork
from graphfix.probe.build import Probe
from graphfix.probe.deviations import deviations
from graphfix.probe.form import RARE, Change, Form
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence
from graphfix.probe.recipe import ALSO, TOGETHER, Draft, Recipe
from graphfix.tables.target_facets import applies_to_target, facets_for_target

SHARE = 1.0
"""Pairs of an operator for each of its other probes: an operator with more forms has more to combine."""
LEAST, MOST = 60, 400
"""The fewest and the most pairs of an operator."""
PATIENCE = 6
"""Combinations that are built for each pair wanted before the search ends."""
SECONDS = 20.0
"""The processor time that building one probe may take."""
Pair = tuple[tuple[str, str], tuple[str, str]]


def is_pair(row: Evidence) -> bool:
    """Whether a row of evidence is about a pair of changes and nothing more."""
    return TOGETHER in row.label and ALSO not in row.label


def wanted(rows: Sequence[Evidence]) -> int:
    """Return how many pairs to add to the evidence about an operator."""
    had = sum(map(is_pair, rows))
    return max(0, min(MOST, max(LEAST, round(SHARE * (len(rows) - had)))) - had)


def pair_probes(op: str, target: str, rows: Sequence[Evidence], tried: set[str]) -> list[Probe]:
    """Return probes of pairs of changes, each of which brings two facets' values together that no row has; `tried` grows.

    Nobody wrote these models, and native code may crash on them, so they are built in a process of its own.
    """
    most = wanted(rows)
    met: set[Pair] = {pair for row in rows for pair in facet_pairs(row.facets)}
    found: list[Probe] = []
    fitting = (recipe for recipe in combined(op) if applies_to_target(target, tuple(recipe.change)))
    recipes = list(islice(fitting, PATIENCE * most))
    drafts: dict[int, Draft | None] = {}

    def built(task: tuple[str, int]) -> Any:
        what, at = task
        if at not in drafts:
            drafts[at] = recipes[at].draft()
        draft = drafts[at]
        return draft if what == "draft" or draft is None else draft.probe()

    def apart(what: str, at: int) -> Any:
        if workers is None:
            return built((what, at))
        made = workers.ask((what, at))
        return None if isinstance(made, Lost) else made

    workers = ForkedWorkers[tuple[str, int], Any](built, lambda _: SECONDS) if can_fork() else None
    with contextlib.closing(workers) if workers is not None else contextlib.nullcontext():
        for at in range(len(recipes)):
            if len(found) >= most:
                break
            draft = apart("draft", at)
            if draft is None or draft.digest in tried:
                continue
            facets = facets_for_target(target, draft.facets)
            fresh = facet_pairs(facets) - met
            if fresh and (probe := apart("probe", at)) is not None:
                met |= fresh
                tried.add(draft.digest)
                found.append(replace(probe, facets=facets))
    return found


def facet_pairs(facets: Facets) -> set[Pair]:
    """Return every two facets with their values."""
    return set(combinations(sorted((name, str(value)) for name, value in facets.items()), 2))


def combined(op: str) -> Iterator[Recipe]:
    """Yield pairs of changes of each form in turn, in an arbitrary order that is the same in every run."""
    turns = [_pairs(op, entry, f"{op} {at}") for at, entry in enumerate(forms().get(op, ())) if isinstance(entry, Form)]
    while turns:
        left = []
        for turn in turns:
            if (recipe := next(turn, None)) is not None:
                yield recipe
                left.append(turn)
        turns = left


def _pairs(key: str, form: Form, seed: str) -> Iterator[Recipe]:
    """Yield two changes of different operands or attributes at a time: single ones as often as those of two keys, and what
    few models have last."""
    draw = random.Random(zlib.crc32(seed.encode()))
    changes = [change for change in deviations(form) if change and len(change) <= 2]
    usual = [change for change in changes if not _rare(change)]
    single = [change for change in usual if len(change) == 1]
    drawn: set[frozenset[int]] = set()
    for pools in ((single, usual), (changes,)):
        for at in range(PATIENCE * PATIENCE * MOST):
            pool = pools[at % len(pools)]
            first, second = (draw.choice(pool) for _ in range(2)) if pool else ({}, {})
            both = frozenset((id(first), id(second)))
            if both not in drawn and first and second and not set(first) & set(second):
                drawn.add(both)
                yield Recipe(key, form, (first, second))


def _rare(change: Change) -> bool:
    return any(_names_rare(value) for value in change.values())


def _names_rare(value: Any) -> bool:
    return isinstance(value, str) and value in RARE
