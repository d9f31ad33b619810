"""Variants of probes, and the labels that say how each is made.

A variant combines a probe of a form with another deviation of that form, with other sizes, or with changes of the finished
model: `axes=[0] & dims=dynamic + sizes 3=5 + in front Relu`. Its label is all that is needed to build it again, so that a
variant in the evidence can be measured again without asking the compiler which one to build. Deviations of one operator may
share a label; of what they make, the model with the recorded digest is the one that is meant.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import onnx
from onnx import ModelProto

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facets.node import Facets
from graphfix.probe.build import Probe, changed_model, model_digest, probe_of, sketched_model
from graphfix.probe.change import label_of
from graphfix.probe.deviations import deviations
from graphfix.probe.form import NUMBERS_ONLY, VARIANT, Change, Form, TextProbe
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence
from graphfix.probe.neighbours import WORDS, changed
from graphfix.probe.size_variants import SIZES, size_change
from graphfix.probe.subject import key_of

TOGETHER = " & "
ALSO = " + "
Sources = dict[str, list[tuple[Form | TextProbe, Change]]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a probe is made from: a form with changes, or a sketch, and the words of further changes."""

    op: str
    entry: Form | TextProbe
    changes: tuple[Change, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The label, from which `recipes` reads the recipe again."""
        names = [self.entry.label] if isinstance(self.entry, TextProbe) else [label_of(change) for change in self.changes]
        return ALSO.join((TOGETHER.join(names), *self.words))

    @property
    def change(self) -> dict[str, Any]:
        """All changes of the form, without other sizes."""
        return {key: value for change in self.changes for key, value in change.items()}

    @property
    def is_variant(self) -> bool:
        """Whether it is none of the probes that are built of every form."""
        return bool(self.words) or len(self.changes) > 1

    def draft(self) -> Draft | None:
        """Return the model; None where the recipe makes no valid one, for whatever reason: nobody wrote the combination."""
        try:
            return self._draft()
        except Exception:
            return None

    def _draft(self) -> Draft | None:
        label = self.label
        if isinstance(self.entry, TextProbe):
            made: tuple[ModelProto, dict[str, Array]] | None = sketched_model(self.entry)
            varied = (*self.entry.varied, NUMBERS_ONLY) if self.entry.feeds and not self.entry.needs else tuple(self.entry.varied)
        else:
            sizes = [size_change(words) for words in self.words if SIZES.fullmatch(words)]
            made = changed_model(self.entry, self.change | {key: value for one in sizes for key, value in one.items()})
            varied = tuple(self.change)
        if made is None:
            return None
        model, feeds = made
        later = [words for words in self.words if not SIZES.fullmatch(words)]
        for words in later:
            model, feeds = changed(model, feeds, words)
        if later:
            onnx.checker.check_model(model, full_check=isinstance(self.entry, Form) and len(model.opset_import) == 1)
        facets = key_of(self.op, model)
        if facets is None:
            return None
        compare = not self.entry.random
        return Draft(self.op, label, (*varied, VARIANT) if self.is_variant else varied, model, feeds, facets, compare)


@dataclass(frozen=True, slots=True)
class Draft:
    """The model of a recipe, whose outputs nobody has computed yet."""

    op: str
    label: str
    varied: tuple[str, ...]
    model: ModelProto
    feeds: dict[str, Array]
    facets: Facets
    compare: bool

    @property
    def digest(self) -> str:
        """The digest that the probe will have."""
        return model_digest(self.model)

    def probe(self) -> Probe | None:
        """Return the probe; None where no evaluator computes the model."""
        try:
            return probe_of(self.op, self.label, self.varied, self.model, self.feeds, compare=self.compare)
        except Exception:
            return None


@functools.cache
def sources(op: str) -> Sources:
    """Return what the labels of an operator's probes stand for; one label may stand for several deviations."""
    found: Sources = {}
    for entry in forms()[op]:
        if isinstance(entry, TextProbe):
            found.setdefault(entry.label, []).append((entry, {}))
            continue
        for change in deviations(entry):
            found.setdefault(label_of(change), []).append((entry, change))
    return found


def recipes(op: str, label: str) -> Iterator[Recipe]:
    """Yield the recipes that a label may stand for."""
    known, words = sources(op), list[str]()
    rest = label
    while True:
        yield from (Recipe(op, entry, _changes(entry, change), tuple(words)) for entry, change in known.get(rest, ()))
        at = rest.find(TOGETHER)
        while at >= 0:
            for entry, first in known.get(rest[:at], ()):
                for other, second in known.get(rest[at + len(TOGETHER) :], ()):
                    if other is entry:
                        yield Recipe(op, entry, (first, second), tuple(words))
            at = rest.find(TOGETHER, at + 1)
        rest, _, last = rest.rpartition(ALSO)
        if not (SIZES.fullmatch(last) or WORDS.fullmatch(last)):
            return
        words.insert(0, last)


def _changes(entry: Form | TextProbe, change: Change) -> tuple[Change, ...]:
    return () if isinstance(entry, TextProbe) else (change,)


def recipe_of(row: Evidence) -> tuple[Recipe, Draft] | None:
    """Return the recipe of a row of evidence and its model; None where no form makes it any more."""
    if row.op not in forms():
        return None
    for recipe in recipes(row.op, row.label):
        draft = recipe.draft()
        if draft is not None and draft.digest == row.digest:
            return recipe, draft
    return None


def variants_of(rows: Iterable[Evidence]) -> list[Probe]:
    """Return the variants among the probes in evidence, built again; without those that no form makes any more."""
    found = (recipe_of(row) for row in rows if VARIANT in row.varied)
    probes = (one[1].probe() for one in found if one is not None)
    return [_marked(probe) for probe in probes if probe is not None]


def _marked(probe: Probe) -> Probe:
    """Return a probe marked as a variant, as a challenger is not by its recipe."""
    return probe if VARIANT in probe.varied else replace(probe, varied=(*probe.varied, VARIANT))
