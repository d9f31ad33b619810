"""The README's commands and code run as they are printed, on the small models in fixtures."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from graphfix.cli import app as cli
from graphfix.linter.config import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(?:    )?\$ graphfix (.+)$", README, re.MULTILINE)
SNIPPETS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models where they are in the root of a clone, and nothing else."""
    shutil.copytree(ROOT / "fixtures" / "models", tmp_path / "fixtures" / "models")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_has_commands() -> None:
    assert len(COMMANDS) >= 4
    assert {command.split()[0] for command in COMMANDS} >= {"lint", "fix", "compile", "backends"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("compile")])
def test_readme_command_runs(command: str, folder: Path) -> None:
    words = shlex.split(command)
    assert cli.main(words) in (0, 1)
    if "-o" in words:
        assert (folder / words[words.index("-o") + 1]).exists()


@pytest.mark.compiler
def test_readme_compiles_what_it_fixed(folder: Path) -> None:
    pytest.importorskip("openvino")
    for command in COMMANDS:
        if command.startswith(("fix", "compile")):
            assert cli.main(shlex.split(command)) == 0, command
    assert (folder / "fixed.xml").exists()


@pytest.mark.parametrize("code", [text for language, text in SNIPPETS if language == "python"])
def test_readme_python_runs(code: str) -> None:
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("text", [text for language, text in SNIPPETS if language == "toml"])
def test_readme_settings_are_valid(text: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert load(folder).source == str(folder / "pyproject.toml")
