"""The README's commands and code run as they are printed, on the small models in fixtures."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from graphfix.cli import app as cli
from graphfix.linter.config import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    \$ graphfix (.+)$", README, re.MULTILINE)
ELSEWHERE = ("compile", "probe", "backends install", "lower")
SNIPPETS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that the README speaks of."""
    shutil.copytree(ROOT / "fixtures" / "models", tmp_path / "fixtures" / "models")
    shutil.copy(ROOT / "fixtures" / "models" / "speech.onnx", tmp_path)
    shutil.copy(ROOT / "fixtures" / "models" / "hard_swish.onnx", tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_has_commands() -> None:
    assert len(COMMANDS) >= 4
    assert {command.split()[0] for command in COMMANDS} >= {"lint", "fix", "compile", "backends"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE)])
def test_readme_command_runs(command: str, folder: Path) -> None:
    words = shlex.split(command)
    assert cli.main(words) in (0, 1)
    if "-o" in words:
        assert (folder / words[words.index("-o") + 1]).exists()


@pytest.mark.framework
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("lower")])
def test_readme_lowers(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if any(find_spec(name) is None for name in ("torch", "onnxscript")):
        pytest.skip("torch is not installed: pip install 'graphfix[torch]'")
    assert cli.main(shlex.split(command)) == 0
    assert "lowered by trace" in capsys.readouterr().out, "the README says that the exporter is chosen for the target"
    assert (folder / "gate.onnx").exists()


@pytest.mark.compiler
def test_readme_compiles_what_it_fixed(folder: Path) -> None:
    pytest.importorskip("openvino")
    for command in COMMANDS:
        if command.startswith(("fix", "compile")):
            assert cli.main(shlex.split(command)) == 0, command
    assert (folder / "fixed.xml").exists()


@pytest.mark.compiler
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("probe") and "@" not in c])
def test_readme_measures(command: str) -> None:
    pytest.importorskip("tract")
    assert cli.main(shlex.split(command)) in (0, 1)


@pytest.mark.compiler
@pytest.mark.slow
def test_readme_measures_another_version(folder: Path) -> None:
    commands = [command for command in COMMANDS if command.startswith(("backends install", "probe")) and "@" in command]
    install, measure, check = commands
    if cli.main(shlex.split(install)) != 0:
        pytest.skip("that version cannot be installed here")
    assert cli.main(shlex.split(measure)) == 0
    assert (folder / "my-rules" / "tract" / "0.21.19" / "Relu.json").exists()
    assert cli.main(shlex.split(check)) == 0


@pytest.mark.parametrize("code", [text for language, text in SNIPPETS if language == "python"])
def test_readme_python_runs(code: str) -> None:
    exec(compile(code.replace('"x": [1, 3, 224, 224]', '"x": [1, 8]'), "README.md", "exec"), {})


@pytest.mark.parametrize("text", [text for language, text in SNIPPETS if language == "toml"])
def test_readme_settings_are_valid(text: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_text(text)
    assert load(folder).source == str(folder / "pyproject.toml")
