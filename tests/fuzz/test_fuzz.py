"""Some thousand mutants are linted without a defect, and a mutant is the same in every run."""

from __future__ import annotations

import pytest

from tests.fuzz.linting import FIXTURES, defects
from tests.fuzz.mutants import mutant, seeds


def test_mutants_are_the_same_in_every_run_and_differ() -> None:
    models = seeds(FIXTURES)
    made = [mutant(models, 1, number) for number in range(60)]
    assert made == [mutant(models, 1, number) for number in range(60)]
    assert len(set(made) - set(models)) > 50
    assert made != [mutant(models, 2, number) for number in range(60)]


def test_a_few_mutants_give_verdicts_or_clear_errors() -> None:
    assert [found for found in defects(11, 60) if not found.native] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_mutants_give_verdicts_or_clear_errors(seed: int) -> None:
    assert [(found.number, found.said) for found in defects(seed, 1000) if not found.native] == []
