"""The hooks, in the real pre-commit: a rejected model is stopped with its cure, and the mended one goes through.

The hooks are those of .pre-commit-hooks.yaml, run as `language: system`: building their environment anew would fetch
onnxruntime for every run of the tests.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest

from graphfix.linter.example import Example

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
REJECTED = Example("y = Celu(x)", outputs="float[2,3] y")


class Repository:
    """A git repository whose commits pass through hooks."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        who = {f"GIT_{role}_{what}": f"{what}@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
        self.environment |= who | {"PRE_COMMIT_HOME": str(home), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        self.environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(home)}
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)

    def commit(self) -> subprocess.CompletedProcess[str]:
        self.run("git", "add", ".")
        return self.run("git", "commit", "-m", "a commit")

    def commits(self) -> int:
        return len(self.run("git", "log", "--oneline").stdout.splitlines())


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without hooks yet."""
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    return Repository(tmp_path / "work", tmp_path / "home")


def hooked(repository: Repository, *names: str) -> None:
    """Put hooks of the manifest into a repository, and the settings they need."""
    hooks = [hook | {"language": "system"} for hook in yaml.safe_load(MANIFEST.read_text()) if hook["id"] in names]
    assert len(hooks) == len(names)
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (repository.folder / "graphfix.toml").write_text('targets = ["coreml"]\n')
    assert repository.run("pre-commit", "install").returncode == 0


def cure_in(said: str) -> str:
    """The command that mends the models, as the hook printed it."""
    return next(line for line in said.splitlines() if "graphfix ci --fix" in line).partition("verified: ")[2]


def test_manifest_is_what_pre_commit_takes() -> None:
    subprocess.run([BIN / "pre-commit", "validate-manifest", str(MANIFEST)], check=True)
    hooks = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text())}
    assert hooks.keys() == {"graphfix-lint", "graphfix-fix"}
    assert all(hook["files"] == r"\.onnx$" and hook["pass_filenames"] for hook in hooks.values())


@pytest.mark.slow
def test_a_new_user_is_stopped_with_the_cure_and_passes_after_it(repository: Repository) -> None:
    done = repository.run("graphfix", "init", "--target", "all")
    assert done.returncode == 0, done.stderr
    onnx.save(REJECTED.model, repository.folder / "model.onnx")
    done = repository.commit()
    assert done.returncode == 1, "Core ML takes no Celu"
    cure = cure_in(done.stdout + done.stderr)
    assert repository.run(*shlex.split(cure)).returncode == 0
    done = repository.commit()
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.run("git", "status", "--short").stdout == ""


@pytest.mark.slow
def test_lint_hook_stops_a_rejected_model_and_names_the_cure_that_lets_it_through(repository: Repository) -> None:
    hooked(repository, "graphfix-lint")
    (repository.folder / "far.onnx").write_text(POINTER)
    done = repository.commit()
    assert done.returncode == 0, f"a pointer alone stops nothing: {done.stdout}{done.stderr}"
    onnx.save(REJECTED.model, repository.folder / "model.onnx")
    done = repository.commit()
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert repository.commits() == 1
    assert "`Celu`" in said
    cure = cure_in(said)
    assert repository.run(*shlex.split(cure)).returncode == 0
    done = repository.commit()
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.commits() == 2


@pytest.mark.slow
def test_fix_hook_mends_the_model_and_the_next_commit_goes_through(repository: Repository) -> None:
    hooked(repository, "graphfix-fix")
    onnx.save(REJECTED.model, repository.folder / "model.onnx")
    (repository.folder / "far.onnx").write_text(POINTER)
    done = repository.commit()
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout + done.stderr
    assert "Celu" not in {node.op_type for node in onnx.load(repository.folder / "model.onnx").graph.node}
    assert (repository.folder / "far.onnx").read_text() == POINTER
    assert repository.commit().returncode == 0


@pytest.mark.slow
def test_many_models_take_little_longer_through_the_hook_than_in_one_process(repository: Repository) -> None:
    hooked(repository, "graphfix-lint")
    repository.run("git", "add", ".")
    for number in range(200):
        onnx.save(Example(f"a{number} = Relu(x)\ny = Neg(a{number})").model, repository.folder / f"m{number}.onnx")
    repository.run("git", "add", ".")
    seconds = []
    for words in (["graphfix", "lint", "."], ["pre-commit", "run", "graphfix-lint", "--all-files"]):
        best = []
        for _ in range(2):
            started = time.perf_counter()
            assert repository.run(*words).returncode == 0
            best.append(time.perf_counter() - started)
        seconds.append(min(best))
    assert seconds[1] < 1.5 * seconds[0] + 0.6, f"{seconds[1]:.2f} s through the hook, {seconds[0]:.2f} s in one process"
