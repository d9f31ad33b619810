"""The forms that are said to be accepted instead of a rejected one: only those that the table supports for this very node."""

from __future__ import annotations

from typing import Any

import pytest

from graphfix.tables.accepted import accepted_forms
from graphfix.tables.entry import Entry
from graphfix.tables.evidence import Evidence

AXES = {
    "T": frozenset({"float32", "float16", "int8", "bool", "uint8", "float64"}), "X.rank": frozenset({3, 4}),
    "mode": frozenset({"cubic", "linear"}), "axes.value": frozenset({"ones", "zeros"}), "foldable": frozenset({True, False}),
    "axes.from": frozenset({"constant", "folded", "runtime"}), "inside": frozenset({"branch", "nothing"}),
}  # fmt: skip
NODE: dict[str, Any] = {
    "T": "int8", "X.rank": 3, "mode": "cubic", "axes.value": "ones", "foldable": False, "axes.from": "runtime",
    "inside": "branch",
}  # fmt: skip


def evidence(when: dict[str, Any]) -> Evidence:
    return Evidence("id", "dtype", when, "compile", "said", 3, 0)


def forms(when: dict[str, Any], *others: dict[str, Any], wrong: dict[str, Any] | None = None) -> str:
    """The forms said to be accepted of NODE, which `when` rejects, by a table with other rejections and wrong numerics."""
    numerics = (evidence(wrong),) if wrong is not None else ()
    rules = Entry("Op", "", "c 1", "2026-01-15", 9, AXES, tuple(map(evidence, (when, *others))), numerics, ())
    return accepted_forms("demo", rules, evidence(when), NODE, "`Op`")


@pytest.mark.parametrize(
    ("when", "others", "said"),
    [
        ({"mode": ["cubic"]}, [], '`mode="linear"`'),
        ({"mode": ["cubic"]}, [{"mode": ["linear"], "X.rank": [3]}], ""),
        ({"mode": ["cubic"]}, [{"mode": ["linear"], "X.rank": [4]}], '`mode="linear"`'),
        ({"mode": ["cubic"]}, [{"X.rank": [3]}], ""),
        ({"mode": ["cubic"], "X.rank": [3]}, [], '`mode="linear"` or rank 4 of `X`'),
        ({"T": ["int8"]}, [], "dtype float32, float16, bool and 2 more forms"),
        ({"T": ["int8"]}, [{"T": ["float16", "bool", "float64"]}], "dtype float32 or uint8"),
        ({"axes.from": ["runtime"]}, [], "`axes` constant"),
        ({"axes.from": ["runtime"]}, [{"axes.from": ["constant"]}], "`axes` computed from constants"),
        ({"axes.value": ["ones"]}, [], ""),
        ({"inside": ["branch"]}, [], "`Op` outside of any `If`"),
        ({"foldable": [False]}, [], "only constant inputs"),
        ({"foldable": [False], "mode": ["cubic"]}, [], '`mode="linear"`'),
        ({}, [], ""),
    ],
)  # fmt: skip
def test_only_what_the_table_supports_for_this_node_is_said(
    when: dict[str, Any], others: list[dict[str, Any]], said: str
) -> None:
    assert forms(when, *others) == said


def test_a_form_with_wrong_numerics_is_not_offered() -> None:
    assert forms({"mode": ["cubic"]}, wrong={"mode": ["linear"]}) == ""


def test_a_model_with_fixed_dims_has_no_names_of_dims() -> None:
    axes = {"inputs.dims": frozenset({"static", "batch"}), "inputs.symbols": frozenset({"none", "usual"})}
    rejects = (evidence({"inputs.dims": ["batch"]}), evidence({"inputs.symbols": ["usual"], "inputs.dims": ["static"]}))
    rules = Entry("@model", "", "c 1", "2026-01-15", 9, axes, rejects, (), ())
    facets: dict[str, Any] = {"inputs.dims": "batch", "inputs.symbols": "usual"}
    assert accepted_forms("demo", rules, rejects[0], facets, "a model") == "fixed dims in the inputs"


def test_what_a_model_must_not_have_is_said_of_the_model() -> None:
    rejected = evidence({"branch-constants": [True]})
    rules = Entry("@model", "", "c 1", "2026-01-15", 9, {"branch-constants": frozenset({True, False})}, (rejected,), (), ())
    said = accepted_forms("demo", rules, rejected, {"branch-constants": True}, "a model")
    assert said == "a model with no constants inside subgraphs"


def test_nothing_is_said_without_a_table() -> None:
    assert accepted_forms("demo", None, evidence({"mode": ["cubic"]}), NODE, "`Op`") == ""
