"""Challengers: skipped probes refute a rejection that no probe of theirs supports, and are measured again as variants."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from graphfix.probe.active import deepened
from graphfix.probe.build import Probe, probes
from graphfix.probe.challengers import MOST, challengers
from graphfix.probe.choice import distinct, for_target
from graphfix.probe.distil import Rule, distil
from graphfix.probe.form import VARIANT
from graphfix.probe.forms import forms
from graphfix.probe.measure import Evidence
from graphfix.probe.recipe import variants_of

Answer = Callable[[Probe], str]


def asked(found: Sequence[Probe], answer: Answer) -> list[Evidence]:
    return [Evidence("Slice", one.digest, one.label, one.varied, one.facets, answer(one), "convert", "refused") for one in found]


def strided_dynamic(probe: Probe) -> str:
    """The verdict of a compiler that rejects a step of 2 over a dynamic dim behind the second."""
    refused = {"sliced": "open", "steps.value": "positive", "axes.value": "positive"}
    return "rejected" if all(probe.facets.get(name) == value for name, value in refused.items()) else "works"


@functools.cache
def all_probes() -> list[Probe]:
    return for_target("tract", probes(forms()["Slice"]).probes)


def table_and_skipped() -> tuple[list[Evidence], list[Probe]]:
    """Evidence in which every probe of an axis behind the second has a step of 2, and all probes of Slice."""
    built = all_probes()
    rows = asked(distinct(built), strided_dynamic)
    behind = [row for row in rows if row.facets.get("axes.value") == "positive" and row.facets.get("sliced") == "open"]
    return [row for row in rows if row not in behind or row.verdict == "rejected"], built


def test_a_value_that_no_probe_under_a_rejection_had_is_asked_about() -> None:
    rows, skipped = table_and_skipped()
    condition: dict[str, Any] = {"axes.value": ["positive"], "sliced": ["open"]}
    tried = {row.digest for row in rows}
    found = challengers([condition], rows, skipped, tried)
    assert 0 < len(found) <= MOST
    assert {one.facets.get("steps.value") for one in found} >= {None, "ones", "negative"}
    assert all(VARIANT in one.varied and one.digest in tried for one in found)
    assert challengers([condition], [*rows, *asked(found, strided_dynamic)], skipped, tried) == []


def test_what_another_rejection_explains_challenges_none() -> None:
    rows, skipped = table_and_skipped()
    conditions: list[dict[str, Any]] = [{"axes.value": ["positive"], "sliced": ["open"]}, {"sliced": ["open"]}]
    assert challengers(conditions[:1], rows, skipped, set())
    assert not any(one.facets["axes.value"] == "positive" for one in challengers(conditions, rows, skipped, set()))


def rules_of(rows: Sequence[Evidence], verdict: str) -> Sequence[Rule]:
    found = distil(rows)
    return found.rejects if verdict == "rejected" else found.wrong


@pytest.mark.parametrize("verdict", ["rejected", "wrong"])
def test_active_probing_narrows_an_entry_to_what_is_refused_or_wrong(monkeypatch: pytest.MonkeyPatch, verdict: str) -> None:
    monkeypatch.setattr("graphfix.probe.active.pair_probes", lambda *_: [])
    monkeypatch.setattr("graphfix.probe.active.variants", lambda *_: [])

    def answered(rows: Sequence[Evidence]) -> list[Evidence]:
        stage, said = ("convert", "refused") if verdict == "rejected" else ("ok", "")
        return [replace(row, verdict=verdict, stage=stage, said=said) if row.verdict == "rejected" else row for row in rows]

    rows, skipped = table_and_skipped()
    plain = next(one for one in skipped if strided_dynamic(one) == "works" and one.facets.get("axes.value") == "positive"
                 and one.facets.get("sliced") == "open")  # fmt: skip
    found = deepened("Slice", "tract", answered(rows), lambda fresh: answered(asked(fresh, strided_dynamic)), skipped)
    refused = [r for r in rules_of(found.rows, verdict) if all(plain.facets.get(k) in v for k, v in r.when.items())]
    assert refused == []
    assert rules_of(found.rows, verdict)
    assert all("steps.value" in rule.when for rule in rules_of(found.rows, verdict))


def test_a_challenger_in_the_evidence_is_built_again_as_a_variant() -> None:
    rows, skipped = table_and_skipped()
    (first, *_) = challengers([{"axes.value": ["positive"], "sliced": ["open"]}], rows, skipped, set())
    (again,) = variants_of(asked([first], strided_dynamic))
    assert (again.digest, VARIANT in again.varied) == (first.digest, True)
    assert [one.digest for one in distinct([replace(first, varied=first.varied[:-1]), again])] == [first.digest]
