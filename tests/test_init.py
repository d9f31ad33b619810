"""`graphfix init`: settings and a hook are found out and added, and nothing that is there is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from graphfix.cli import project_setup as starting
from graphfix.cli.app import main
from graphfix.linter.config import load

yaml = pytest.importorskip("yaml")
pytestmark = pytest.mark.usefixtures("picky")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git repository, the current folder, on a machine where pre-commit is not installed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    subprocess.run(["git", "init", "-q"], check=True)
    return tmp_path


def hooks(project: Path) -> list[str]:
    told = yaml.safe_load((project / starting.HOOKS).read_text())
    return [hook["id"] for repo in told["repos"] for hook in repo["hooks"]]


def test_an_empty_project_gets_settings_and_a_hook(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    out = capsys.readouterr().out
    assert load(project).targets == ("demo",)
    assert hooks(project) == ["graphfix-lint"]
    assert "targets = demo" in out
    assert "pip install pre-commit && pre-commit install" in out


def test_a_second_time_changes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init"])
    before = {path: path.read_bytes() for path in project.iterdir() if path.is_file()}
    capsys.readouterr()
    assert main(["init"]) == 0
    assert capsys.readouterr().out.count("left as it is") == 2
    assert {path: path.read_bytes() for path in project.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_pyproject_gains_a_section_and_keeps_the_rest(ending: str, project: Path) -> None:
    old = f'[project]{ending}name = "a"  # ours'.encode()
    (project / "pyproject.toml").write_bytes(old)
    assert main(["init", "--target", "demo"]) == 0
    new = (project / "pyproject.toml").read_bytes()
    assert new.startswith(old)
    assert new.count(b"\n") == new.count(ending.encode())
    assert tomllib.loads(new.decode())["tool"]["graphfix"] == {"targets": ["demo"]}
    assert not (project / starting.SETTINGS).exists()


@pytest.mark.parametrize("old", ["not toml", "tool = { ruff = {} }\n"])
def test_pyproject_that_takes_no_section_is_left_with_one_line(
    old: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(old)
    assert main(["init"]) == 2
    assert (project / "pyproject.toml").read_text() == old
    (line,) = capsys.readouterr().err.splitlines()
    assert "pyproject.toml" in line


def test_a_compiled_model_tells_the_target(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app").mkdir()
    (project / "app" / "net.demo").write_bytes(b"")
    assert starting.guess_targets(project) == (["demo"], f"compiled models are here: {Path('app', 'net.demo')}")
    main(["init", "app"])
    assert (project / starting.SETTINGS).exists(), "the settings are those of the repository"


def test_what_other_tools_leave_in_an_environment_is_passed_over(project: Path) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "net.demo").write_bytes(b"")
    assert "compiled models" not in starting.guess_targets(project)[1]


@pytest.mark.parametrize(
    "old",
    [
        "repos:\n- repo: local\n  hooks:\n  - id: a\n",
        "repos:\n  - repo: local\n    hooks:\n      - id: a\n\n# the end\nfail_fast: true\n",
        "fail_fast: true\nrepos:\n    # ours\n    -   repo: local\n        hooks:\n        -   id: a",
        "repos:  # none\n",
        "---\nrepos:\n- repo: local\n  hooks: [{id: a}]\n",
    ],
)
def test_hooks_that_are_there_stay_as_they_are(old: str, project: Path) -> None:
    (project / starting.HOOKS).write_text(old)
    before = yaml.safe_load(old)
    assert main(["init"]) == 0
    new = yaml.safe_load((project / starting.HOOKS).read_text())
    assert new["repos"][:-1] == (before.pop("repos") or [])
    assert [hook["id"] for hook in new.pop("repos")[-1]["hooks"]] == ["graphfix-lint"]
    assert new == before
    assert all(line in (project / starting.HOOKS).read_text().splitlines() for line in old.splitlines())


@pytest.mark.parametrize("old", ["repos: []\n", "{repos: []}\n", "repos:\n  &a\n  - repo: local\n"])
def test_hooks_that_are_no_plain_list_are_left_and_the_entry_is_printed(
    old: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / starting.HOOKS).write_text(old)
    assert main(["init"]) == 0
    assert (project / starting.HOOKS).read_text() == old
    entry = capsys.readouterr().out.partition("add to it:\n")[2]
    assert yaml.safe_load(entry)[0]["hooks"][0]["entry"] == "graphfix ci"


def test_no_hook_outside_a_repository(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path_factory.mktemp("plain")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    assert main(["init", str(folder)]) == 0
    assert "no git repository" in capsys.readouterr().out
    assert not (folder / starting.HOOKS).exists()
    assert load(folder).targets == ("demo",)


def test_no_hook_where_none_is_wanted(project: Path) -> None:
    assert main(["init", "--no-hook"]) == 0
    assert not (project / starting.HOOKS).exists()


@pytest.mark.parametrize("words", [["--target", "dmo"], ["nowhere"]])
def test_wrong_usage_writes_nothing(words: list[str], project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (project / starting.SETTINGS).exists()


@pytest.mark.slow
def test_the_hook_is_installed_where_pre_commit_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    place = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PRE_COMMIT_HOME": str(project / "home")}
    words = [sys.executable, "-m", "graphfix", "init", "--target", "tract"]
    done = subprocess.run(words, cwd=project, env=os.environ | place, capture_output=True, text=True, check=True)
    assert "runs at every commit" in done.stdout
    assert "pre-commit" in (project / ".git" / "hooks" / "pre-commit").read_text()
