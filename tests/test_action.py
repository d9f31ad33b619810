"""The GitHub action: its script runs here as the runner would run it, in a repository with a remote."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphfix.linter.example import Example

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
JUDGE = next(step for step in STEPS if step.get("id") == "judge")
WRAPPER = '#!/bin/sh\nexec {python} -m graphfix "$@"\n'
pytestmark = pytest.mark.slow


class Runner:
    """A clone with a branch on which a rejected model was committed, and what a runner sets around a step."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work, self.temp = folder, folder / "work", folder / "temp"
        (folder / "bin").mkdir()
        (folder / "bin" / "graphfix").write_text(WRAPPER.format(python=sys.executable))
        (folder / "bin" / "graphfix").chmod(0o755)
        self.temp.mkdir()
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "GITHUB_"))}
        self.environment |= {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}
        who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.environment |= who | {"GITHUB_OUTPUT": str(folder / "output"), "PYTHONPATH": str(ROOT)}
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder / "remote")], check=True)
        subprocess.run(["git", "clone", "-q", str(folder / "remote"), str(self.work)], check=True, capture_output=True)
        self.git("checkout", "-q", "-b", "main")
        self.add("old.onnx", "y = Celu(x)")
        self.git("push", "-q", "-u", "origin", "main")
        self.base = self.git("rev-parse", "HEAD")
        self.git("checkout", "-q", "-b", "topic")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.work, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def add(self, name: str, nodes: str) -> None:
        onnx.save(Example(nodes, outputs="float[2,3] y").model, self.work / name)
        self.git("add", name)
        self.git("commit", "-q", "-m", name)

    def judge(self, **given: str) -> tuple[str, str]:
        """Run the step with inputs; its exit code output, empty where it failed itself, and what it printed."""
        inputs = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | {"targets": "coreml"} | given
        known = {f"inputs.{name}": value for name, value in inputs.items()}
        known |= {"github.event.pull_request.base.sha || github.event.before": self.base, "runner.temp": str(self.temp)}
        env = {name: re.sub(r"\$\{\{ (.+?) \}\}", lambda found: known[found[1]], text) for name, text in JUDGE["env"].items()}
        output = self.folder / "output"
        output.write_text("")
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", JUDGE["run"]]
        done = subprocess.run(script, cwd=self.work, env=self.environment | env, capture_output=True, text=True, check=False)
        return output.read_text().strip().removeprefix("exit-code="), done.stdout + done.stderr


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_what_is_used_is_declared() -> None:
    text = (ROOT / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert all("shell" in step for step in STEPS if "run" in step)
    assert not any("${{" in step["run"] for step in STEPS if "run" in step), "what is put into a script may be an attacker's"


def test_only_what_the_branch_changed_is_judged_and_reported(runner: Runner) -> None:
    runner.add("good.onnx", "y = Relu(x)")
    code, said = runner.judge()
    assert code == "0", said
    runner.add("new.onnx", "y = Celu(x)")
    code, said = runner.judge()
    assert code == "1"
    assert "::error" in said
    assert "new.onnx" in (runner.temp / "graphfix.md").read_text()
    assert "old.onnx" not in (runner.temp / "graphfix.sarif").read_text()
    runner.judge(**{"changed-since": "none"})
    assert "old.onnx" in (runner.temp / "graphfix.sarif").read_text()


def test_commit_mends_and_pushes(runner: Runner) -> None:
    runner.add("new.onnx", "y = Celu(x)")
    runner.git("push", "-q", "-u", "origin", "topic")
    code, said = runner.judge(fix="commit")
    assert code == "0", said
    assert runner.git("log", "-1", "--format=%s %an", "origin/topic") == "Fix models for their targets graphfix"
    assert runner.git("diff", "--name-only", "origin/topic~1", "origin/topic") == "new.onnx"


def test_diff_fails_with_the_diff_and_changes_nothing(runner: Runner) -> None:
    runner.add("new.onnx", "y = Celu(x)")
    code, said = runner.judge(fix="diff")
    assert code == "1"
    assert "-y = Celu(x)" in said
    assert runner.git("status", "--short") == ""


def test_commit_without_a_branch_is_refused(runner: Runner) -> None:
    runner.git("checkout", "-q", "--detach")
    code, said = runner.judge(fix="commit")
    assert code == ""
    assert "head_ref" in said
