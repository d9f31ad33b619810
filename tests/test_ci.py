"""`graphfix ci`: what changed in git is judged, mended in place and committed, or shown; Git LFS pointers are skipped."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("demo")
GOOD = Example("y = Relu(x)")
BAD = Example("y = Mish(x)")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write) -> Path:
    """A git repository, the current folder, with an accepted and a rejected model committed."""
    monkeypatch.chdir(tmp_path)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git("init", "-q", "-b", "main")
    (tmp_path / "graphfix.toml").write_text('targets = ["demo"]\n')
    write(GOOD, "models/good.onnx")
    write(BAD, "models/known.onnx")
    git("add", ".")
    git("commit", "-q", "-m", "start")
    return tmp_path


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the verdicts by model."""
    code = main(["ci", *words, "--output-format", "json"])
    return code, {result["model"]: result["verdict"] for result in json.loads(capsys.readouterr().out)["results"]}


def test_only_models_that_changed_are_judged(write: Write, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(capsys, "--changed-since", "HEAD") == (0, {})
    write(BAD, "models/new one.onnx")
    write(Example("y = Abs(x)"), "models/good.onnx")
    (repository / "models" / "notes.txt").write_text("no model")
    assert judged(capsys, "--changed-since", "HEAD") == (1, {"models/good.onnx": "accepted", "models/new one.onnx": "rejected"})
    assert judged(capsys, "--changed-since", "HEAD", "models/good.onnx") == (0, {"models/good.onnx": "accepted"})
    assert judged(capsys)[1].keys() == {"models/good.onnx", "models/known.onnx", "models/new one.onnx"}


def test_paths_are_those_of_the_current_folder(
    write: Write, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(GOOD, "other/a.onnx")
    write(BAD, "models/b.onnx")
    monkeypatch.chdir(repository / "models")
    assert judged(capsys, "--changed-since", "HEAD")[1] == {"b.onnx": "rejected"}


def test_a_branch_is_compared_with_where_it_began(write: Write, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git("checkout", "-q", "-b", "topic")
    write(GOOD, "models/mine.onnx")
    git("add", ".")
    git("commit", "-q", "-m", "mine")
    git("checkout", "-q", "main")
    git("rm", "-q", "models/good.onnx")
    git("commit", "-q", "-m", "theirs")
    git("checkout", "-q", "topic")
    assert judged(capsys, "--changed-since", "main")[1] == {"models/mine.onnx": "accepted"}


def test_a_deleted_model_is_not_looked_for(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "models" / "known.onnx").unlink()
    assert judged(capsys, "--changed-since", "HEAD") == (0, {})


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_an_unknown_revision_is_one_line(revision: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", f"--changed-since={revision}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert revision in line
    assert not (repository / "x").exists()


def test_outside_a_repository_the_cure_is_named(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(elsewhere.parent))
    assert main(["ci", "--changed-since", "HEAD"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "name the models instead" in line


def test_a_rejected_model_comes_with_the_command_that_mends_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", "models/known.onnx"]) == 1
    cure = next(line for line in capsys.readouterr().err.splitlines() if "ci --fix" in line).partition(": graphfix ")[2]
    assert cure == "ci --fix models/known.onnx"
    assert main(cure.split()) == 0
    assert main(["ci", "models/known.onnx"]) == 0


def test_fix_mends_in_place_and_leaves_accepted_models_alone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (repository / "models" / "good.onnx").read_bytes()
    assert main(["ci", "--fix", "--output-format", "json"]) == 0
    out, err = capsys.readouterr()
    told = {result["model"]: result for result in json.loads(out)["results"]}
    assert told["models/known.onnx"]["verification"]["passed"]
    assert told["models/known.onnx"]["output"] == "models/known.onnx"
    assert "fixed in place: models/known.onnx" in err
    assert {node.op_type for node in onnx.load("models/known.onnx").graph.node} == {"Softplus", "Tanh", "Mul"}
    assert (repository / "models" / "good.onnx").read_bytes() == before
    assert git("status", "--short") == " M models/known.onnx\n"


def test_commit_holds_what_was_mended_and_nothing_else(repository: Path) -> None:
    (repository / "mine.txt").write_text("not theirs to commit")
    git("add", "mine.txt")
    assert main(["ci", "--fix", "--commit", "Mend models"]) == 0
    assert git("show", "--name-only", "--format=%s").split("\n\n") == ["Mend models", "models/known.onnx\n"]
    assert git("status", "--short") == "A  mine.txt\n"
    assert main(["ci", "--fix", "--commit", "Again"]) == 0
    assert git("log", "-1", "--format=%s") == "Mend models\n"


def test_diff_fails_and_changes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (repository / "models" / "known.onnx").read_bytes()
    assert main(["ci", "--diff", "--fail-on", "error"]) == 1
    out = capsys.readouterr().out
    assert "-y = Mish(x)" in out
    assert (repository / "models" / "known.onnx").read_bytes() == before
    assert main(["ci", "--diff", "models/good.onnx"]) == 0


def test_a_finding_that_is_suppressed_is_not_mended(repository: Path) -> None:
    (repository / "graphfix.toml").write_text('targets = ["demo"]\n[[suppress]]\ncode = "GF101"\nreason = "known"\n')
    before = (repository / "models" / "known.onnx").read_bytes()
    assert main(["ci", "--fix"]) == 0
    assert (repository / "models" / "known.onnx").read_bytes() == before


def test_a_model_whose_inputs_the_settings_bind_is_not_mended_in_place(
    write: Write, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "graphfix.toml").write_text('targets = ["demo"]\nvalues = { s = [6] }\n')
    path = write(Example("z = Reshape(x, s)\ny = Mish(z)", inputs="float[2,3] x, int64[1] s"), "bound.onnx")
    before = path.read_bytes()
    assert main(["ci", "--fix", "bound.onnx"]) == 1
    assert "graphfix fix bound.onnx -o" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert main(["ci", "bound.onnx"]) == 1
    assert "ci --fix" not in capsys.readouterr().err


def test_a_pointer_is_skipped_with_a_note_and_no_error(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "far.onnx").write_text(POINTER)
    assert main(["ci", "far.onnx"]) == 0
    err = capsys.readouterr().err
    assert "far.onnx: skipped" in err
    assert "git lfs pull" in err
    assert judged(capsys, "--fix", "far.onnx", "models/good.onnx") == (0, {"models/good.onnx": "accepted"})
    assert (repository / "far.onnx").read_text() == POINTER


def test_lint_of_a_pointer_is_one_line_with_the_cure(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "far.onnx").write_text(POINTER)
    assert main(["lint", "far.onnx"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("graphfix: far.onnx: is a Git LFS pointer")
    assert line.endswith("run `git lfs pull`")


def test_reports_are_written_beside_what_is_printed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", "--report", "sarif=a.sarif", "--report", "markdown=a.md", "--output-format", "concise"]) == 1
    assert json.loads((repository / "a.sarif").read_text())["version"] == "2.1.0"
    assert (repository / "a.md").read_text().startswith("### graphfix: 1 rejected, 1 accepted")
    assert main(["ci", "--changed-since", "HEAD", "models", "--report", "sarif=none.sarif"]) == 0
    assert json.loads((repository / "none.sarif").read_text())["runs"][0]["results"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--report", "sarif"], "FORMAT=FILE"),
        (["--report", "sarfi=x"], "did you mean `sarif`?"),
        (["--commit", "x"], "add --fix"),
        (["--diff", "--output-format", "json"], "--output-file"),
        (["--jobs", "0"], "give 1 or more"),
        (["--target", "dmo"], "did you mean `demo`?"),
        (["net.pt2"], "net.pt2: ci lints ONNX models, not an ExportedProgram; convert it with `graphfix lower`"),
    ],
)
def test_wrong_usage_is_one_line(words: list[str], said: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ci", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
