"""Configuration: found upwards, checked key by key, beaten by flags, switched off by --isolated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.linter import config
from graphfix.linter.example import Example

Write = Callable[..., Path]


def test_pyproject_is_found_from_the_models_folder_upwards(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.graphfix]\ntargets = ["tract"]\nfail-on = "note"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = config.load(tmp_path / "a" / "b")
    assert (found.targets, found.fail_on) == (("tract",), "note")
    assert found.source == str(tmp_path / "pyproject.toml")


def test_a_pyproject_without_the_section_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "graphfix.toml").write_text('targets = ["tract"]')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]\n")
    assert config.load(tmp_path / "a").targets == ("tract",)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('target = ["tract"]', "did you mean `targets`?"),
        ('targets = "tract"', "write a list"),
        ('fail-on = "fatal"', "choose from error"),
        ("targets = [", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_with_the_cure(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "graphfix.toml").write_text(text)
    with pytest.raises(UsageError) as error:
        config.load(tmp_path)
    assert part in error.value.line()
    assert "graphfix.toml" in error.value.line()


@pytest.mark.usefixtures("demo")
def test_settings_apply_flags_beat_them_and_isolated_ignores_them(write: Write, tmp_path: Path) -> None:
    path = write(Example("y = Softmax(x)", inputs="float[n,m] x"))
    (tmp_path / "graphfix.toml").write_text('targets = ["demo"]\nshapes = {x = [2, 3]}\n')
    assert main(["lint", str(path)]) == 0
    assert main(["lint", str(path), "--shape", "x=nx3"]) == 1
    assert main(["lint", str(path), "--target", "demo", "--isolated"]) == 1


@pytest.mark.usefixtures("demo")
def test_ignored_codes_do_not_count(write: Write, tmp_path: Path) -> None:
    (tmp_path / "graphfix.toml").write_text('targets = ["demo"]\nignore = ["unsupported-operator"]\n')
    assert main(["lint", str(write(Example("y = Mish(x)")))]) == 0
