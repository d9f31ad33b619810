"""Tables: three-valued conditions, rulings, versions, and files that are not tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphfix.errors import TableError, UsageError
from graphfix.linter.checks.wrong_numerics import consequence, severity
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.tables.conditions import holds
from graphfix.tables.entry import Entry
from graphfix.tables.evidence import Evidence
from graphfix.tables.phrases import condition_in_words, describe_match
from graphfix.tables.table import Table
from graphfix.tables.versions import nearest_version

RULES = Path(__file__).parent.parent / "fixtures" / "rules"


def entry(**more: Any) -> Entry:
    axes = {"T": frozenset({"float32", "int8"}), "X.rank": frozenset({3, 4})}
    return Entry("Op", "", "c 1", "2026-01-15", 9, axes, more.get("rejects", ()), more.get("wrong", ()), more.get("but", ()))


def evidence(when: dict[str, Any]) -> Evidence:
    return Evidence("id", "dtype", when, "compile", "said", 3, 0)


@pytest.mark.parametrize(
    ("when", "facets", "answer"),
    [
        ({}, {}, True),
        ({"T": ["int8"]}, {"T": "int8"}, True),
        ({"T": ["int8"]}, {"T": "float32"}, False),
        ({"T": ["int8"]}, {"T": None}, None),
        ({"T": ["int8"], "r": [4]}, {"T": None, "r": 3}, False),
        ({"T": ["int8"], "r": [4]}, {"T": None, "r": 4}, None),
        ({"r": {"not": [4]}}, {"r": 3}, True),
        ({"r": {"not": [4]}}, {"r": 4}, False),
        ({"r": {"min": 5}}, {"r": 5}, True),
        ({"r": {"max": 3}}, {"r": 5}, False),
        ({"r": {"max": 3}}, {"r": "unranked"}, False),
        ({"mode": ["cubic"]}, {}, False),
        ({"axes.from": ["absent"]}, {}, True),
        ({"bias": [False]}, {}, True),
        ({"bias": [True]}, {}, False),
        ({"bias": {"not": [True]}}, {}, False),
        ({"r": {"min": 2, "max": 4}}, {"r": 1}, False),
        ({"r": {"min": 2, "max": 4}}, {"r": 3}, True),
        ({"r": {"min": 2, "max": 4}}, {"r": 5}, False),
        ({"r": {"not": [4]}}, {"r": None}, None),
        ({"r": {"not": [4]}, "T": {"not": ["int8"]}}, {"r": 3, "T": "int8"}, False),
        ({"r": {"not": [4]}, "T": {"not": ["int8"]}}, {"r": 3, "T": "int4"}, True),
        ({"r": {"min": 2}, "T": {"not": ["int8"]}}, {"r": None, "T": "int8"}, False),
        ({"thins": [False]}, {}, True),
        ({"thins": [False, True]}, {}, True),
        ({"thins": [True]}, {}, False),
        ({"thins": {"not": [True]}}, {}, False),
        ({"thins": [False], "T": ["int8"]}, {"T": "float32"}, False),
    ],
)
def test_condition_is_met_failed_or_open(when: dict[str, Any], facets: dict[str, Any], answer: bool | None) -> None:
    assert holds(when, facets) is answer


MODES = {"mode": frozenset({"a", "b"}), "order": frozenset({"c", "d"}), "T": frozenset({"int8", "float32"})}


@pytest.mark.parametrize(
    ("when", "facets", "verdict", "reason"),
    [
        ({"mode": ["a", "b"]}, {"mode": "a|b"}, "rejected", ""),
        ({"mode": ["a"]}, {"mode": "a|b"}, "undecided", "`mode` is not known"),
        ({"mode": {"not": ["a"]}}, {"mode": "a|b"}, "undecided", "`mode` is not known"),
        ({"mode": ["z"]}, {"mode": "a|b"}, "supported", ""),
        ({"mode": ["a", "b"], "T": ["int8"]}, {"mode": "a|b", "T": "int8"}, "rejected", ""),
        ({"mode": ["a", "b"], "T": ["int8"]}, {"mode": "a|b", "T": "float32"}, "supported", ""),
        ({"mode": ["a", "b"], "order": ["c", "d"]}, {"mode": "a|b", "order": "c|d"}, "rejected", ""),
        ({"mode": ["a", "b"], "order": ["c"]}, {"mode": "a|b", "order": "c|d"}, "undecided", "`order` is not known"),
        ({"mode": ["b"], "order": ["d"]}, {"mode": "a|b", "order": "c|d"}, "undecided", ""),
        ({"mode": ["z"]}, {"mode": "a|b", "order": "c|d"}, "supported", ""),
        ({"order": ["z"]}, {"mode": "a|y", "T": "int8"}, "unmeasured", 'no probe with `mode="y"`'),
    ],
)
def test_a_facet_of_several_values_is_ruled_on_by_each(
    when: dict[str, Any], facets: dict[str, Any], verdict: str, reason: str
) -> None:
    rules = Entry("Op", "", "c 1", "2026-01-15", 9, MODES, (evidence(when),), (), ())
    found = rules.rule(facets)
    assert found.verdict == verdict
    assert found.reason == reason or not reason
    assert (found.evidence is not None) == (verdict in ("rejected", "undecided"))


def test_several_values_that_were_probed_as_one_are_one() -> None:
    axes = {"mode": frozenset({"a", "a|b"})}
    rules = Entry("Op", "", "c 1", "2026-01-15", 9, axes, (evidence({"mode": ["a"]}),), (), ())
    assert rules.rule({"mode": "a|b"}).verdict == "supported"


def test_ruling_is_supported_only_inside_what_was_probed() -> None:
    assert entry().rule({"T": "float32", "X.rank": 4}).verdict == "supported"
    outside = entry().rule({"T": "float32", "X.rank": 5})
    assert (outside.verdict, outside.reason) == ("unmeasured", "no probe with rank 5 of `X`")


def test_a_facet_that_no_probe_had_must_be_out_of_use() -> None:
    assert entry().rule({"T": "float32", "new": "absent"}).verdict == "supported"
    assert entry().rule({"T": "float32", "new": "given"}).verdict == "unmeasured"


def test_a_facet_that_three_values_left_without_effect_decides_nothing() -> None:
    def rules(values: set[str], *rejects: Evidence) -> Entry:
        return Entry("Op", "", "c 1", "2026-01-15", 9, {"pads": frozenset(values)}, rejects, (), ())

    assert rules({"none", "even", "uneven"}).rule({"pads": "negative"}).verdict == "supported"
    assert rules({"none", "even"}).rule({"pads": "negative"}).verdict == "unmeasured"
    decided = rules({"none", "even", "uneven"}, evidence({"pads": ["uneven"]}))
    assert decided.rule({"pads": "negative"}).verdict == "unmeasured"


def test_an_unprobed_rank_or_dtype_is_never_taken_for_granted() -> None:
    for name in ("X.rank", "T", "since", "value.dtype"):
        rules = Entry("Op", "", "c 1", "2026-01-15", 9, {name: frozenset({1, 2, 3, 4})}, (), (), ())
        assert rules.rule({name: 5}).verdict == "unmeasured"


def test_rejection_beats_what_is_unknown_and_unknown_beats_support() -> None:
    rules = entry(rejects=(evidence({"T": ["int8"]}), evidence({"X.rank": [3]})))
    assert rules.rule({"T": None, "X.rank": 3}).verdict == "rejected"
    open_ = rules.rule({"T": None, "X.rank": 4})
    assert (open_.verdict, open_.reason) == ("undecided", "the dtype is not known")


def test_an_exception_is_met_by_its_own_facets_only() -> None:
    odd = {"T": "float32", "X.rank": 4}
    rules = entry(but=((odd, "rejected", "compile", "no"),))
    assert rules.rule(odd).verdict == "rejected"
    assert rules.rule({**odd, "X.rank": 3}).verdict == "supported"


@pytest.mark.parametrize(
    ("supports", "opposes", "verdict", "reason"),
    [
        (8, 0, "rejected", ""),
        (8, 7, "rejected", ""),
        (3, 0, "undecided", "only 3 probes with dtype int8: all rejected"),
        (1, 0, "undecided", "only 1 probe with dtype int8: rejected"),
        (6, 3, "undecided", "of 9 probes with dtype int8, 6 were rejected"),
        (9, 9, "undecided", "of 18 probes with dtype int8, 9 were rejected"),
    ],
)
def test_few_probes_decide_nothing_in_an_entry_probed_actively(supports: int, opposes: int, verdict: str, reason: str) -> None:
    thin = replace(evidence({"T": ["int8"]}), supports=supports, opposes=opposes)
    rules = replace(entry(rejects=(thin,)), active=True)
    found = rules.rule({"T": "int8", "X.rank": 3})
    assert (found.verdict, found.reason, found.evidence, found.missing) == (verdict, reason, thin, ())
    assert replace(rules, active=False).rule({"T": "int8", "X.rank": 3}).verdict == "rejected"
    enough = replace(rules, rejects=(thin, replace(evidence({"X.rank": [3]}), supports=8)))
    assert enough.rule({"T": "int8", "X.rank": 3}).verdict == "rejected"


def test_a_single_form_decides_nothing_in_an_entry_probed_actively() -> None:
    odd = {"T": "float32", "X.rank": 4}
    found = replace(entry(but=((odd, "rejected", "compile", "no"),)), active=True).rule(odd)
    assert (found.verdict, found.reason) == ("undecided", "only 1 probe in exactly this form: rejected")
    assert found.evidence is not None
    assert condition_in_words(found.evidence.when)  # a condition like any other


def test_wrong_numbers_are_told_beside_support() -> None:
    ruling = entry(wrong=(evidence({"X.rank": [3]}),)).rule({"T": "int8", "X.rank": 3})
    assert ruling.verdict == "supported"
    assert ruling.wrong is not None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("2025.4.1", "2025.4.1"), ("2026.1", "2025.4.1"), ("2027.0", "2026.4.1"), ("2024.1", "2025.4.1"),
        ("2026.4", "2026.4.1"), ("2026", "2026.4.1"), ("2025.40", "2025.4.1"),
    ],
)  # fmt: skip
def test_the_nearest_measured_version_stands_in(wanted: str, found: str) -> None:
    assert nearest_version(wanted, ["2025.4.1", "2026.4.1"]) == found


def measured(home: Path, *versions: str) -> Path:
    """A home of tables in which a target was measured in some versions, those with a mark in every operator."""
    (home / "demo").mkdir()
    (home / "demo" / "target.toml").write_text('title = "Demo"\n')
    for version in versions:
        folder = home / "demo" / version.rstrip("*")
        folder.mkdir()
        (folder / ("@model.json" if version.endswith("*") else "Relu.json")).write_text("{}")
    return home


def test_a_plain_target_is_its_newest_version_measured_as_a_whole(tmp_path: Path) -> None:
    assert Table.open("demo", home=measured(tmp_path, "1.9*", "1.10*", "2.0")).version == "1.10"


@pytest.mark.parametrize(("wanted", "version", "asked"), [("1.10", "1.10", ""), ("1", "1.10", ""), ("1.11", "1.10", "1.11")])
def test_a_table_knows_the_version_it_stands_in_for(tmp_path: Path, wanted: str, version: str, asked: str) -> None:
    found = Table.open(f"demo@{wanted}", home=measured(tmp_path, "1.9*", "1.10*"))
    assert (found.version, found.asked) == (version, asked)


def test_a_word_is_no_version(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`latest` is no version of demo; measured: 1\.9"):
        Table.open("demo@latest", home=measured(tmp_path, "1.9*"))


def test_unknown_operator_is_unmeasured() -> None:
    assert Table.open("demo", home=RULES).rule("Mystery", "example", {}).verdict == "unmeasured"


def test_operator_name_cannot_leave_the_folder() -> None:
    assert Table.open("demo", home=RULES).entry("../../demo/1.0/Add") is None


def test_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `demo`"):
        Table.open("demmo", home=RULES)


def test_a_file_that_is_no_table_is_an_error_naming_it(tmp_path: Path) -> None:
    (tmp_path / "Op.json").write_text('{"op": 1}')
    with pytest.raises(TableError, match=r"Op\.json"):
        Entry.read(tmp_path / "Op.json")


def test_a_condition_that_a_node_meets_follows_its_operator() -> None:
    when = {"mode": ["cubic"], "X.rank": {"not": [4]}}
    assert describe_match(when, {"mode": "cubic", "X.rank": 3}) == ' with `mode="cubic"` and rank 3 of `X`'
    assert describe_match({}, {"mode": "cubic"}) == ""


def test_a_failure_at_run_time_is_told_as_such() -> None:
    found = replace(evidence({"X.rank": [3]}), stage="run")
    assert found.fails
    assert consequence(found) == "fails when it runs"
    assert severity(found) is Severity.ERROR
    assert consequence(replace(found, said="for ties")) == "fails when it runs for ties"
    assert severity(replace(found, said="for ties")) is Severity.NOTE
    differing = replace(found, stage="ok", error=0.5)
    assert consequence(differing) == "computes something else (largest relative error 0.5)"
    for said, words in (
        ("returns [2, 6, 7, 1] for [2, 6, 7], with equal values", "returns another shape, with equal values"),
        ("returns [] for [2, 4]", "returns another shape"),
        ("returns infinity or NaN for numbers", "returns infinity or NaN for numbers"),
        ("returns 2 outputs for 1", "returns another number of outputs"),
    ):
        assert consequence(replace(differing, said=said, error=None)) == words
    assert severity(differing) is Severity.WARNING
    clear, doubted = replace(differing, supports=10, opposes=2), replace(differing, supports=9, opposes=2)
    assert [severity(clear), severity(doubted)] == [Severity.WARNING, Severity.NOTE]
    assert consequence(doubted) == "may compute something else (largest relative error 0.5)"
    assert severity(replace(found, supports=9, opposes=2)) is Severity.ERROR


def test_an_error_about_a_run_does_not_reject_a_model() -> None:
    failing = Finding("GF301", "wrong-numerics", Severity.ERROR, "demo", "fails when it runs", kind="wrong")
    refused = replace(failing, kind="operator")
    assert Result("m", "demo", "1.0", 1, [failing]).verdict == "accepted"
    assert Result("m", "demo", "1.0", 1, [failing, refused]).verdict == "rejected"


def test_a_ruling_names_the_facets_that_are_missing() -> None:
    rules = entry(rejects=(evidence({"X.rank": [3], "T": ["int8"]}),))
    assert rules.rule({"T": None, "X.rank": None}).missing == ("X.rank", "T")
    assert rules.rule({"T": None, "X.rank": None}).reason == "the rank of `X` and the dtype are not known"
    assert rules.rule({"T": "float32", "X.rank": 5}).missing == ("X.rank",)


def test_a_table_has_a_short_name_for_sentences() -> None:
    about = {"title": "TensorRT (TensorRT-RTX, built ahead of time)"}
    assert Table("tensorrt", "1.7", RULES, about).name == "TensorRT"
    assert Table("demo", "1.0", RULES, {}).name == "demo"
