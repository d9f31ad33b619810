"""Every rule's own examples: silent on the valid ones, speaking as stated on the invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphfix.linter.check import Check, checks
from graphfix.linter.engine import judge
from graphfix.linter.example import Example

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
VALID = [pytest.param(check, e, id=f"{check.code}-valid-{i}") for check in checks() for i, e in enumerate(check.valid)]
INVALID = [pytest.param(check, e, id=f"{check.code}-invalid-{i}") for check in checks() for i, e in enumerate(check.invalid)]


def found(check: Check, example: Example) -> list[tuple[str, str | None]]:
    (result,) = judge(example.model, [example.target], home=RULES)
    return [(f.message, f.evidence) for f in result.findings if f.code == check.code]


@pytest.mark.parametrize(("check", "example"), VALID)
def test_rule_is_silent_on_its_valid_example(check: Check, example: Example) -> None:
    assert found(check, example) == []


@pytest.mark.parametrize(("check", "example"), INVALID)
def test_rule_speaks_on_its_invalid_example(check: Check, example: Example) -> None:
    told = found(check, example)
    assert told, "the rule is silent"
    assert any(example.says in message for message, _ in told), told
    assert any((evidence or "").endswith(example.evidence) for _, evidence in told), told


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.code)
def test_rule_carries_why_instead_and_examples(check: Check) -> None:
    text = check.__doc__ or ""
    assert "Why:" in text
    assert "Instead:" in text
    assert check.valid
    assert check.invalid
    assert all(example.says or example.evidence for example in check.invalid)


def test_codes_and_names_are_unique() -> None:
    assert len({check.name for check in checks()}) == len(checks())


def test_examples_are_not_repeated() -> None:
    for check in checks():
        texts = [(example.target, example.text) for example in (*check.valid, *check.invalid)]
        assert len(set(texts)) == len(texts), check.code
