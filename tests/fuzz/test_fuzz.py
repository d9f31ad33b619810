"""Some thousand mutants are linted, fixed and read without a defect, and a mutant is the same in every run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.fixing import fix_defects
from tests.fuzz.linting import FIXTURES, defects
from tests.fuzz.mutants import mutant, seeds
from tests.fuzz.reading import changed, lowering_defect, originals, recognised


def test_mutants_are_the_same_in_every_run_and_differ() -> None:
    models = seeds(FIXTURES)
    made = [mutant(models, 1, number) for number in range(60)]
    assert made == [mutant(models, 1, number) for number in range(60)]
    assert len(set(made) - set(models)) > 45
    assert made != [mutant(models, 2, number) for number in range(60)]


def test_a_few_mutants_give_verdicts_or_clear_errors() -> None:
    assert [found for found in defects(11, 60) if not found.native] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_mutants_give_verdicts_or_clear_errors(seed: int) -> None:
    assert [(found.number, found.said) for found in defects(seed, 1000) if not found.native] == []


@pytest.mark.slow
def test_fixing_mutants_gives_results_or_clear_errors() -> None:
    assert [(found.number, found.said) for found in fix_defects(5, 40) if not found.native] == []


def test_damaged_files_of_frameworks_are_recognised_or_not_and_nothing_else(tmp_path: Path) -> None:
    kinds = recognised(tmp_path, 3, 40)
    assert {"exported-program", "keras", "tflite", "pickle"} <= kinds


@pytest.mark.slow
@pytest.mark.framework
@pytest.mark.parametrize("name", originals())
def test_lowering_damaged_files_of_frameworks_is_a_clear_error(name: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / name).write_bytes(changed(originals()[name], 1, number))
        assert lowering_defect(tmp_path / name) == ""


@pytest.mark.slow
@pytest.mark.framework
def test_lowering_a_damaged_saved_model_is_a_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    for number in range(3):
        (folder / "saved_model.pb").write_bytes(changed(b"\x08\x01\x12\x20" + bytes(32), 1, number))
        assert lowering_defect(folder) == ""
