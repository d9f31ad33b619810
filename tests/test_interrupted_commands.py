"""Commands that are killed, meet a full disk or a closed output, or run twice at once: files stay whole, one line says why."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest

from graphfix.backends.base import available
from graphfix.linter.example import Example
from tests.test_meanwhile import model

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no signals to send")
TRACT = pytest.mark.skipif(available("tract") is None, reason="tract is not installed")
KILLS = 8
INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from graphfix.cli.app import console
sys.exit(console())
"""
"""The command of the command line, which interrupts end also where the tests run in the background: there they are ignored."""
FULL = 100_000
"""The bytes that a file may have where the disk is full."""


def start(*words: str | Path, **options: object) -> subprocess.Popen[str]:
    line = [sys.executable, "-c", INTERRUPTIBLE, *map(str, words)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options)  # type: ignore[call-overload,no-any-return]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def kills(*words: str | Path, longest: float) -> Iterator[None]:
    """Start a command again and again, and kill all of its processes after another time each."""
    for at in range(KILLS):
        process = start(*words)
        try:
            process.communicate(timeout=longest * (at + 1) / KILLS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        yield


def group(process: int) -> list[int]:
    """The processes that run in a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == process and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    onnx.save(model(), path)
    return path


@TRACT
@pytest.mark.slow
@pytest.mark.compiler
def test_a_killed_compile_leaves_the_old_artifact_or_the_new_one(tmp_path: Path) -> None:
    path, out = tmp_path / "m.onnx", tmp_path / "m.nnef.tgz"
    path.write_bytes(Example("y = Relu(x)", inputs="float[3,3] x").model.SerializeToString())
    words = ("compile", path, "-t", "tract", "-o", out, "--isolated")
    began = time.monotonic()
    assert ended(start(*words))[0] == 0
    longest, new = time.monotonic() - began, out.read_bytes()
    out.write_bytes(b"old")
    for _ in kills(*words, "--force", longest=1.3 * longest):
        assert out.read_bytes() in (b"old", new) or len(out.read_bytes()) > 100
        assert out.read_bytes() == b"old" or subprocess.run(["gzip", "-t", out], check=False).returncode == 0
        out.write_bytes(b"old")
    assert ended(start(*words, "--force"))[0] == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.nnef.tgz", "m.onnx"]


@TRACT
@pytest.mark.slow
@pytest.mark.compiler
def test_a_killed_probe_is_continued_and_writes_what_a_whole_one_does(tmp_path: Path) -> None:
    def words(home: str) -> list[str | Path]:
        folders = ["--rules", tmp_path / home, "--evidence", tmp_path / f"{home}-answers"]
        return ["probe", "--target", "tract", "--op", "Elu", "Selu", "--jobs", "1", *folders]

    began = time.monotonic()
    assert ended(start(*words("whole")))[0] == 0
    asked = []
    for _ in kills(*words("killed"), longest=1.5 * (time.monotonic() - began)):
        answers = list((tmp_path / "killed-answers").glob("*.jsonl"))
        asked.append(sum(file.read_bytes().count(b"\n") for file in answers))
    assert asked == sorted(asked), "answers were lost"
    code, out, _ = ended(start(*words("killed")))
    assert code == 0, out
    whole, again = (
        {file.name: json.loads(file.read_text()) for file in sorted((tmp_path / home).rglob("*.json"))}
        for home in ("whole", "killed")
    )
    assert whole == again


@TRACT
@pytest.mark.slow
@pytest.mark.compiler
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
def test_the_jobs_of_a_killed_probe_end(tmp_path: Path) -> None:
    folders = ["--rules", tmp_path / "rules", "--evidence", tmp_path / "answers"]
    process = start("probe", "--target", "tract", "--op", "Elu", "Selu", "Celu", "Mish", "--jobs", "2", *folders)
    reached(lambda: len(list((tmp_path / "answers").glob("*.jsonl"))) == 2)  # both work
    assert len(group(process.pid)) > 2
    process.kill()
    process.wait()
    try:
        reached(lambda: not group(process.pid))
    finally:
        for left in group(process.pid):
            os.kill(left, signal.SIGKILL)
        process.communicate()


def small_disk() -> None:
    """Let no file of this process grow further, as a full disk would not."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))


@pytest.mark.parametrize(
    "words",
    [
        ("fix", "{model}", "-t", "coreml", "-o", "{out}", "--no-confirm"),
        ("fix", "{model}", "-t", "coreml", "--in-place", "--no-confirm"),
        ("lint", "{model}", "-t", "coreml", "--html", "{out}"),
        ("lint", "{model}", "-t", "coreml", "--annotate", "{out}"),
    ],
    ids=["fix", "in-place", "html", "annotate"],
)
def test_a_full_disk_is_one_line_and_leaves_what_was_there(words: tuple[str, ...], tmp_path: Path) -> None:
    path, out = tmp_path / "m.onnx", tmp_path / "out"
    onnx.save(model(size=2048), path)
    before = path.read_bytes()
    line = [word.format(model=path, out=out) for word in words]
    code, _, err = ended(
        start(*line, "--isolated", preexec_fn=small_disk if words[0] == "fix" or "--annotate" in words else small_page)
    )
    assert code == 2, err
    (said,) = [line for line in err.splitlines() if "cannot be written" in line]
    assert "File too large" in said
    assert "Traceback" not in err
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]


def small_page() -> None:
    """Like `small_disk`, for a page."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))


def test_results_until_the_disk_was_full_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for at in range(40):
        onnx.save(model("Det"), folder / f"{at:02}.onnx")
    words = (
        "lint",
        folder,
        "-t",
        "all",
        "--isolated",
        "--output-format",
        "jsonl",
        "--output-file",
        tmp_path / "r.jsonl",
        "--resume",
    )
    code, _, err = ended(start(*words, preexec_fn=small_disk))
    assert code == 2
    assert "r.jsonl.partial: cannot be written: File too large" in err
    assert (tmp_path / "r.jsonl.partial").stat().st_size > FULL // 2
    code, _, err = ended(start(*words))
    assert code == 1
    assert " before" in err
    assert len(set((tmp_path / "r.jsonl").read_text().splitlines())) == 200


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="no folder that cannot be written to")
def test_a_folder_that_is_read_only_is_one_line_before_any_work(small: Path) -> None:
    for words in (
        ("fix", small, "-t", "coreml", "-o"),
        ("lint", small, "-t", "coreml", "--html"),
        ("compile", small, "-t", "tract", "-o"),
    ):
        code, _, err = ended(start(*words, "/sys/kernel/out.nnef.tgz", "--isolated"))
        assert code == 2
        (said,) = err.splitlines()
        assert said.startswith("graphfix: /sys/kernel/out.nnef.tgz: cannot be written: ")


@pytest.mark.slow
def test_of_two_fixes_of_one_file_at_once_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    for _ in range(3):
        for file in tmp_path.iterdir():
            file.unlink()
        onnx.save(model(), path)
        words = ("fix", path, "--in-place", "-t", "coreml", "--no-confirm", "--isolated")
        said = [ended(process) for process in [start(*words), start(*words)]]
        onnx.checker.check_model(str(path), full_check=True)
        assert "Shrink" not in {node.op_type for node in onnx.load(path).graph.node}
        assert {code for code, _, _ in said} <= {0, 1, 2}
        for _, _, err in said:
            assert "Traceback" not in err
        names = {file.name for file in tmp_path.iterdir()}
        assert names <= {"m.onnx", "m.fixed.onnx"}


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
def test_links_and_modes_survive_a_fix_in_place(kind: str, tmp_path: Path) -> None:
    real, link = tmp_path / "real.onnx", tmp_path / "link.onnx"
    onnx.save(model(), real)
    real.chmod(0o640)
    link.symlink_to("real.onnx") if kind == "symbolic" else link.hardlink_to(real)
    before = real.read_bytes()
    code, _, err = ended(start("fix", link, "--in-place", "-t", "coreml", "--no-confirm", "--isolated"))
    assert code in (0, 1), err
    assert link.is_symlink() == (kind == "symbolic")
    assert link.read_bytes() != before
    assert link.stat().st_mode & 0o777 == 0o640
    # The other name of a hard link keeps the old model, as with any program that replaces a file in one step.
    assert (real.read_bytes() == before) == (kind == "hard")


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2)], ids=str)
@pytest.mark.parametrize(
    "words", ["lint {} -t all", "lint {} -t tract --output-format json", "explain GF101", "fix {} -t all -o {}2"]
)
def test_a_closed_output_is_no_traceback(words: str, closed: tuple[int, ...], small: Path) -> None:
    def close() -> None:
        for descriptor in closed:
            os.close(descriptor)

    open_ones = ended(start(*words.format(small, small).split(), "--quiet"))
    small.with_suffix(".onnx2").unlink(missing_ok=True)
    code, out, err = ended(start(*words.format(small, small).split(), "--quiet", preexec_fn=close))
    assert code == open_ones[0] in (0, 1)
    assert (bool(out), bool(err)) == (1 not in closed, False)


def reached(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are counted in /proc")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_lint_ends_with_130_and_leaves_no_process(jobs: str, tmp_path: Path) -> None:
    for at in range(300):
        onnx.save(model(), tmp_path / f"{at}.onnx")
    process = start("lint", tmp_path, "-t", "all", "--isolated", "--jobs", jobs)
    reached(lambda: len(group(process.pid)) > int(jobs))
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    assert (code, err.strip()) == (130, "graphfix: interrupted")
    reached(lambda: not group(process.pid))
