"""What to change in the model's code: an instruction for every kind of finding, that names the target and its table."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from graphfix.linter.advice import KINDS, OPERATORS, advice, advised_kind, unfixed
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.tables.versions import rules_home


def test_every_kind_of_rule_in_the_tables_has_an_instruction() -> None:
    kinds = {rule["kind"] for path in rules_home().glob("*/*/*.json") for rule in json.loads(path.read_text()).get("rejects", ())}
    assert kinds
    assert kinds <= set(KINDS)


def test_the_table_to_look_into_is_the_targets_own() -> None:
    assert "`graphfix explain tract Resize`" in advice("Resize", "attribute", target="tract")
    assert "`graphfix explain tract @model`" in advice("", "form", target="tract")


def test_numbers_that_come_out_wrong_are_not_the_operators_fault() -> None:
    told = advice("LSTM", "wrong", target="tract")
    assert told.startswith("write it in another form")
    assert "graphfix compile --data" in told


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_an_operator_that_is_not_taken_has_its_own_instruction(op: str) -> None:
    assert OPERATORS[op] in advice(op, "operator")


def test_text_is_left_to_the_application_whatever_rejects_it() -> None:
    text = Finding(
        "GF102", "unsupported-dtype", Severity.ERROR, "tract", "rejects `Gather` with dtype string", op="Gather", kind="dtype"
    )
    assert advised_kind(text) == "text"
    assert "text to the application" in unfixed(dataclasses.replace(text, tried=2))
    assert advised_kind(dataclasses.replace(text, message="rejects `Gather` with dtype float64")) == "dtype"
    assert "turn text to numbers" in advice("StringNormalizer", "attribute")


def finding(**more: Any) -> Finding:
    return Finding("GF101", "unsupported-operator", Severity.ERROR, "tract", "no", op="Einsum", kind="operator", **more)


def test_a_rejection_that_no_rewrite_fixed_is_told_with_the_count_and_an_instruction() -> None:
    assert unfixed(finding(tried=6)).startswith("no rewrite fixed this form (6 probes tried); write the product")
    assert "(1 probe tried)" in unfixed(finding(tried=1))


def test_fixes_that_were_not_measured_are_not_told_to_have_failed() -> None:
    assert unfixed(finding()) == ""
    assert unfixed(finding(tried=0)).startswith("no fix was measured for this form; write the product")
    assert unfixed(finding(tried=6, rewrite=Fix("decompose-einsum", "exact"))) == ""
