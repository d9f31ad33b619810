"""The documentation: its commands run or at least parse, and its recipes are what they claim to be."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from graphfix import cli

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCKS = [(page, kind, text) for page in PAGES for kind, text in re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL)]
RUN = [(page, line) for page in PAGES for line in re.findall(r"^    \$ graphfix (.+)$", page.read_text(), re.MULTILINE)]
WRITTEN = [
    (page, line)
    for page, _, text in BLOCKS
    for line in re.findall(r"^(?:[\w: -]*?\bexec |\s*- |)graphfix (.+)$", text, re.MULTILINE)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that the pages speak of."""
    shutil.copy(ROOT / "fixtures" / "models" / "speech.onnx", tmp_path)
    shutil.copy(ROOT / "fixtures" / "models" / "hard_swish.onnx", tmp_path / "model.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands_and_recipes() -> None:
    assert len(RUN) >= 1
    assert len(WRITTEN) >= 3


@pytest.mark.parametrize(("page", "line"), RUN, ids=str)
def test_command_runs(page: Path, line: str, folder: Path) -> None:
    assert cli.main(shlex.split(line)) in (0, 1)


@pytest.mark.parametrize(("page", "line"), WRITTEN, ids=str)
def test_command_in_a_recipe_is_one_that_graphfix_takes(page: Path, line: str) -> None:
    given = cli.grammar().parse_args(shlex.split(line))
    assert given.command == line.split()[0]


@pytest.mark.parametrize(("page", "text"), [(page, text) for page, kind, text in BLOCKS if kind == "yaml"], ids=str)
def test_recipe_is_yaml_and_names_inputs_that_the_action_has(page: Path, text: str) -> None:
    told = yaml.safe_load(text)
    known = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    steps = [step for job in told.get("jobs", {}).values() for step in job["steps"] if step["uses"].startswith("./")]
    assert all(set(step["with"]) <= set(known) for step in steps)
    for repo in told.get("repos", []):
        for hook in repo["hooks"]:
            assert cli.grammar().parse_args(hook["entry"].split()[1:]).command == "ci"
