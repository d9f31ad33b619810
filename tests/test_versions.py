"""Versions of one compiler side by side: each judged by its own table, and told apart in every format."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import graphfix.tables.table
import graphfix.tables.versions
from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.linter.formats import FORMATS
from graphfix.tables.agreement import TRIALS

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
BAD = Example("y = Mish(x)")


@pytest.fixture(autouse=True)
def two_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Tables of `demo` in 1.0, and in 1.5, which has learnt Mish."""
    home = tmp_path / "rules"
    shutil.copytree(RULES / "demo" / "1.0", home / "demo" / "1.0")
    shutil.copy(RULES / "demo" / "target.toml", home / "demo")
    shutil.copytree(home / "demo" / "1.0", home / "demo" / "1.5")
    learnt = home / "demo" / "1.5" / "Mish.json"
    relu = json.loads((home / "demo" / "1.5" / "Relu.json").read_text())
    learnt.write_text(json.dumps({**relu, "op": "Mish", "axes": {**relu["axes"], "since": [18]}}))
    graphfix.tables.table.table.cache_clear()
    monkeypatch.setattr(graphfix.tables.versions, "rules_home", lambda: home)
    yield home
    graphfix.tables.table.table.cache_clear()


def lint(path: Path, target: str, *words: str) -> int:
    return main(["lint", str(path), "--target", target, "--isolated", *words])


def test_a_target_without_a_version_is_judged_by_its_newest(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint(write(BAD), "demo", "--output-format", "json") == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["target"], result["target_version"], result["verdict"]) == ("demo", "1.5", "accepted")


def test_an_unmeasured_version_is_judged_by_its_neighbour_and_says_so(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint(write(BAD), "demo@1.4", "--output-format", "json") == 1
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["target_version"] == "1.0"
    (note,) = [finding for finding in result["findings"] if finding["code"] == "GF903"]
    assert note["severity"] == "note"
    for words in ("1.4 was not measured", "1.0", "graphfix backends install demo@1.4", "graphfix probe --target demo@1.4"):
        assert words in note["message"]


@pytest.mark.parametrize("name", FORMATS)
def test_two_versions_side_by_side_are_told_apart(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert lint(write(BAD), "demo@1.0,demo@1.5", "--output-format", name) == 1
    said = capsys.readouterr().out
    assert "1.0" in said
    assert "1.5" in said


def test_concise_lines_and_the_command_that_fixes_name_the_version(
    write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(Example("y = Squeeze(x)"))
    lint(path, "demo@1.0,demo@1.5", "--output-format", "concise")
    lines = [line for line in capsys.readouterr().out.splitlines() if "error GF" in line]
    assert ["[demo@1.0]" in line for line in lines] == [True, False], lines
    assert ["[demo@1.5]" in line for line in lines] == [False, True]
    lint(path, "demo@1.0")
    assert "--target demo@1.0 " in capsys.readouterr().out


def test_a_group_means_its_targets_and_an_alias_its_own(
    two_versions: Path, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(two_versions / "demo", two_versions / "other")
    about = (two_versions / "demo" / "target.toml").read_text()
    (two_versions / "demo" / "target.toml").write_text(f'{about}groups = ["mobile", "small"]\n')
    (two_versions / "other" / "target.toml").write_text(f'{about}groups = ["mobile"]\naliases = ["another"]\n')
    meant = {"small": ["demo"], "mobile": ["demo", "other"], "all": ["demo", "other"], "Another,small": ["other", "demo"]}
    for words, targets in meant.items():
        lint(write(BAD), words, "--output-format", "json")
        assert [one["target"] for one in json.loads(capsys.readouterr().out)["results"]] == targets
    assert lint(write(BAD), "large") == 2
    assert "unknown target `large`" in capsys.readouterr().err


@pytest.fixture
def preview(two_versions: Path) -> Path:
    """The home of the tables of `demo`, of which 1.5 is a preview whose agreement was recorded."""
    about = two_versions / "demo" / "target.toml"
    about.write_text(f'{about.read_text()}groups = ["mobile"]\npreview = true\n')
    (two_versions / "demo" / "agreement.json").write_text('{"1.5": {"models": 300, "right": 269, "on": "2026-11-29"}}')
    shutil.copytree(RULES / "demo", two_versions / "other")
    return two_versions


def test_a_preview_is_in_no_group_and_can_be_named(
    preview: Path, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint(write(BAD), "all", "--output-format", "json") == 1
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["target"], "GF904" in [one["code"] for one in result["findings"]]) == ("other", False)
    assert lint(write(BAD), "mobile") == 2
    assert "unknown target `mobile`" in capsys.readouterr().err
    assert lint(write(BAD), "demo") == 0
    said = "preview: agrees with the compiler on 89.6 % of 300 conformance models; fixes were not tried"
    assert " ".join(capsys.readouterr().out.split()).count(said) == 1
    (preview / "demo" / "1.5" / TRIALS).touch()
    lint(write(BAD), "demo")
    assert "not tried" not in capsys.readouterr().out


def test_the_list_of_targets_and_the_table_tell_previews_from_others(preview: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "--output-format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["targets"]
    assert [(one["target"], one["groups"], one["preview"].partition(" %")[0]) for one in found] == [
        ("demo", [], "agrees with the compiler on 89.6"),
        ("demo", [], "no agreement with the compiler is recorded; fixes were not tried"),
        ("other", [], ""),
    ]
    assert main(["explain", "Mish"]) == 0
    assert "1.5" not in capsys.readouterr().out
    assert main(["explain", "demo", "Mish"]) == 0
    assert "1.5" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[]", '{"1.5": {"models": 3}}', '{"1.5": {"models": 3, "right": "x", "on": ""}}', "{"])
def test_an_agreement_that_cannot_be_read_is_an_error(
    text: str, preview: Path, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (preview / "demo" / "agreement.json").write_text(text)
    assert lint(write(BAD), "demo") == 2
    assert "holds no agreement" in capsys.readouterr().err
