"""GF301 where few probes had the form: the message says how many, and the finding weighs less."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.tables.entry import Entry
from graphfix.tables.table import table

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
POOL = Example("y = MaxPool<kernel_shape = [2, 2], ceil_mode = 1>(x)", inputs="float[1,1,5,5] x")


def entry() -> Entry:
    found = table("demo", RULES).entry("MaxPool")
    assert found is not None
    return found


def finding(monkeypatch: pytest.MonkeyPatch, **changed: object) -> Finding:
    made = dataclasses.replace(entry(), **changed)
    monkeypatch.setitem(table("demo", RULES).entries, ("MaxPool", ""), made)
    (result,) = judge(POOL.model, ["demo"], home=RULES)
    (found,) = [one for one in result.findings if one.code == "GF301"]
    return found


@pytest.mark.parametrize(
    ("supports", "opposes", "said"), [(1, 0, " (in the only probe)"), (7, 1, " (in 7 of 8 probes)"), (8, 0, "")]
)
def test_the_message_says_how_many(supports: int, opposes: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (wrong,) = entry().wrong
    found = finding(monkeypatch, active=True, wrong=(dataclasses.replace(wrong, supports=supports, opposes=opposes),))
    assert found.message.endswith(said) if said else "probe" not in found.message
    assert found.severity is (Severity.NOTE if said else Severity.WARNING)


def test_a_failure_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    (wrong,) = entry().wrong
    failing = dataclasses.replace(wrong, supports=2, opposes=0, stage="run", said="no such kernel")
    assert finding(monkeypatch, active=True, wrong=(failing,)).severity is Severity.WARNING
    assert finding(monkeypatch, active=False, wrong=(failing,)).severity is Severity.ERROR


def test_evidence_of_many_probes_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    (wrong,) = entry().wrong
    few, many = (dataclasses.replace(wrong, id=str(count), supports=count, opposes=0) for count in (2, 20))
    assert finding(monkeypatch, active=True, wrong=(few, many)).evidence == "demo/MaxPool/20"
    assert finding(monkeypatch, active=False, wrong=(few, many)).evidence == "demo/MaxPool/2"
