"""What to change in the model's code: an instruction for every kind of finding, that names the target and its table."""

from __future__ import annotations

import json

import pytest

from graphfix.linter.advice import KINDS, OPERATORS, advice
from graphfix.tables.versions import rules_home


def test_every_kind_of_rule_in_the_tables_has_an_instruction() -> None:
    kinds = {rule["kind"] for path in rules_home().glob("*/*/*.json") for rule in json.loads(path.read_text()).get("rejects", ())}
    assert kinds
    assert kinds <= set(KINDS)


def test_the_table_to_look_into_is_the_targets_own() -> None:
    assert "`graphfix explain tract Resize`" in advice("Resize", "attribute", tried=False, target="tract")
    assert "`graphfix explain tract @model`" in advice("", "form", tried=True, target="tract")


def test_numbers_that_come_out_wrong_are_not_the_operators_fault() -> None:
    told = advice("LSTM", "wrong", tried=True, target="tract")
    assert told.startswith("otherwise write it in another form")
    assert "graphfix compile --data" in told


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_an_operator_that_is_not_taken_has_its_own_instruction(op: str) -> None:
    assert OPERATORS[op] in advice(op, "operator", tried=False)
