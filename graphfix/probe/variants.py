"""Variants of the refused probes of an entry: models that differ from them in everything but the entry's condition."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphfix.analysis.facets.node import Facets
from graphfix.probe.build import Probe
from graphfix.probe.crossing import crossings
from graphfix.probe.deviations import deviations
from graphfix.probe.form import VARIANT, Change, Form
from graphfix.probe.measure import Evidence
from graphfix.probe.recipe import Draft, Recipe, recipe_of
from graphfix.probe.size_variants import size_choices
from graphfix.tables.conditions import holds
from graphfix.tables.target_facets import facets_for_target

SECOND, SIZED, ONE, OPSET = "another deviation", "other sizes", "a size of 1", "opset"
PLANS: tuple[tuple[str, ...], ...] = (
    (ONE,),
    (SIZED,),
    (SECOND, SIZED),
    (ONE, "in front Relu"),
    (SECOND,),
    (SIZED, "behind Add"),
    (ONE, "other names"),
    (SECOND, "in front Add", "behind Reshape"),
    (SIZED, "symbols apart"),
    (ONE, "used twice"),
    (SIZED, OPSET),
    (SECOND, ONE, "behind Relu"),
    (SIZED, "in front Identity", "behind Relu"),
    (ONE, "in front Relu", "behind Reshape"),
    (OPSET, "in front Add", "behind Identity"),
    ("other names", "in front Relu", "behind Add"),
    ("behind Identity",),
    ("in front Identity", "used twice"),
    ("in front Add", "behind Reshape"),
    ("other names", "behind Relu"),
)
"""What is changed together, in the order in which it is tried: what may matter most, and all of it early."""
MOST_SOURCES = 4
"""The refused probes of an entry that variants are made of."""
MOST_CROSSED = 3
"""Crossings of accepted probes among the variants."""
MOST_SECOND = 8
"""Other deviations that are tried for one variant until one gives a valid model that meets the condition."""
MOST_SIZES = 4
"""Sizes that are tried in the same way."""
OLDEST_OPSET = 7
LOSSY = "Relu"
"""An operator behind which a difference in numbers may be gone, so it is not put beside probes with wrong numbers."""


@dataclass(frozen=True, slots=True)
class Question:
    """What variants are wanted for: a condition, `exact` where it is the facets of one form, and the probes that support it.

    `rows` are all of the operator. `others` are the conditions of its other rejections: a variant that only they explain
    tells nothing.
    """

    when: Mapping[str, Any]
    refused: Sequence[Evidence]
    rows: Sequence[Evidence]
    others: Sequence[Mapping[str, Any]] = ()
    exact: bool = False

    def suits(self, facets: Facets, source: Facets | None = None) -> bool:
        """Whether a variant meets the condition, and no other rejection that the refused probe behind it does not meet."""
        met = facets == self.when if self.exact else bool(holds(self.when, facets))
        return met and not any(holds(other, facets) and (source is None or not holds(other, source)) for other in self.others)


def variants(target: str, question: Question, tried: set[str], most: int) -> list[Probe]:
    """Return up to `most` variants for a question; their digests are added to `tried`, and none has one that was in it."""
    found = [] if question.exact else _crossed(target, question, tried)
    chosen = sorted(question.refused, key=lambda row: (VARIANT in row.varied, len(row.varied), row.digest))[:MOST_SOURCES]
    sources = [(made[0], row.facets) for row in chosen if (made := recipe_of(row)) is not None]
    lossy = any(row.verdict != "rejected" for row in question.refused)
    turns = [(plan, sources[(at + shift) % len(sources)]) for shift in range(len(sources)) for at, plan in enumerate(PLANS)]
    for plan, (recipe, source) in turns:
        if len(found) >= most:
            break
        words = tuple(word.replace(LOSSY, "Identity") if lossy else word for word in plan)
        if lossy and "used twice" in words:
            continue
        for one in planned(recipe, words):
            draft = _fresh(one, target, tried)
            if draft is None or not question.suits(draft.facets, source) or (SECOND in plan and draft.facets == source):
                continue
            if (probe := draft.probe()) is not None:
                tried.add(draft.digest)
                found.append(replace(probe, facets=draft.facets))
                break
    return found


def _crossed(target: str, question: Question, tried: set[str]) -> list[Probe]:
    """A few crossings of accepted probes that meet the condition."""
    found: list[Probe] = []
    for recipe in crossings(question.when, question.rows):
        draft = _fresh(recipe, target, tried)
        if draft is not None and question.suits(draft.facets) and (probe := draft.probe()) is not None:
            tried.add(draft.digest)
            found.append(replace(probe, facets=draft.facets))
        if len(found) == MOST_CROSSED:
            break
    return found


def _fresh(recipe: Recipe, target: str, tried: set[str]) -> Draft | None:
    """The model of a recipe with the facets that matter for the target; None where there is none, or it was tried."""
    draft = recipe.draft()
    if draft is None or draft.digest in tried:
        return None
    return replace(draft, facets=facets_for_target(target, draft.facets))


def planned(source: Recipe, plan: Sequence[str]) -> Iterator[Recipe]:
    """Yield the recipes of one plan for one probe, a few where it leaves something to choose; none where it does not apply."""
    source = replace(source, words=())
    sized = SIZED in plan or ONE in plan
    bases = list(second_order(source))[:MOST_SECOND] if SECOND in plan else [source]
    later = tuple(word for word in plan if word not in (SECOND, SIZED, ONE, OPSET))
    if OPSET in plan:
        later = (*(f"opset {opset}" for opset in _older_opset(source)), *later)
    for base in bases:
        if sized and isinstance(base.entry, Form):
            choices = size_choices(base.entry, base.change, f"{base.label} {plan}", ones=ONE in plan)
            for sizes in choices[: 1 if SECOND in plan else MOST_SIZES]:
                yield replace(base, words=(sizes, *later))
        if later or SECOND in plan:
            yield replace(base, words=later)


def second_order(source: Recipe) -> Iterator[Recipe]:
    """Yield a probe's recipe with each other deviation of the form that changes something else, in an arbitrary order."""
    if not isinstance(source.entry, Form) or not source.changes:
        return
    first = source.changes[0]
    others: list[Change] = [
        other for other in deviations(source.entry) if other and len(other) <= 2 and not set(other) & set(first)
    ]
    label = source.label
    for other in sorted(others, key=lambda change: zlib.crc32(f"{label} {change}".encode())):
        yield replace(source, changes=(first, other))


def _older_opset(source: Recipe) -> Iterator[int]:
    """The opset before the probe's, in which the operator may have the same version."""
    draft = source.draft()
    current = next((each.version for each in draft.model.opset_import if not each.domain), 0) if draft is not None else 0
    if current > OLDEST_OPSET:
        yield current - 1
