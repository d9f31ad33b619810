"""Commands that run compilers or pip, interrupted and killed: exit code 130, no process is left, and no file is half written."""

from __future__ import annotations

import ensurepip
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphfix.backends.base import available
from graphfix.backends.toolchain import MARKER
from graphfix.linter.example import Example
from tests.test_interrupted_commands import INTERRUPTIBLE, ended, reached

pytestmark = [
    pytest.mark.slow,
    pytest.mark.compiler,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are counted in /proc"),
]
TRACT = pytest.mark.skipif(available("tract") is None, reason="tract is not installed")
MARK = "GRAPHFIX_TEST_RUN"
"""The environment variable by which the processes of one test are known, whatever session they are in."""
PIP_FOR_TRACT = f"""
import sys
from dataclasses import replace
from pathlib import Path
from graphfix.backends import toolchain
from graphfix.backends.base import backend

found = replace(
    backend("tract"), distributions=("pip",), requires=("pip=={ensurepip.version()}",),
    pythons=(sys.version_info[:2], sys.version_info[:2]), adapter=Path("tests/backends/misbehaving.py").absolute(),
)
toolchain.backend = lambda name: found
"""
"""Lets `backends install tract` install pip, which every new environment has, so that it needs no network."""


GRACE = 1.0
"""Seconds after which nothing runs that was ended: far less than an installation takes by itself."""


class Run:
    """The processes that one test starts."""

    def __init__(self, folder: Path) -> None:
        self.name = uuid.uuid4().hex
        temporary = folder / "temporary"
        temporary.mkdir()
        self.environment = {
            **os.environ, MARK: self.name, "XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(temporary),
        }  # fmt: skip

    def start(self, *words: str | Path, before: str = "") -> subprocess.Popen[str]:
        line = [sys.executable, "-c", before + INTERRUPTIBLE, *map(str, words)]
        pipe = subprocess.PIPE
        return subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True, start_new_session=True, env=self.environment)

    def processes(self) -> dict[int, str]:
        """The processes that still run, with their command lines."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{MARK}={self.name}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return {pid: line for pid, line in found.items() if line}  # a process that ended has none

    def runs(self, word: str) -> bool:
        """Whether a process with this word in its command line runs beside the first."""
        return any(word in line for line in self.processes().values())

    def kill(self) -> None:
        """End what still runs."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path)
    yield started
    started.kill()


def interrupted(run: Run, process: subprocess.Popen[str]) -> None:
    """Interrupt a command as a terminal does, and check how it ends."""
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    assert code == 130, err
    assert err.splitlines()[-1] == "graphfix: interrupted"
    assert "Traceback" not in err
    time.sleep(GRACE)
    assert not run.processes()


def files(folder: Path) -> list[str]:
    """The files in a folder, without what the programs keep for themselves."""
    own = {"cache", "temporary"}
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file() and not own & {*file.parts})


@TRACT
def test_an_interrupted_compile_leaves_no_process_and_no_file(run: Run, tmp_path: Path) -> None:
    model, out = tmp_path / "m.onnx", tmp_path / "m.nnef.tgz"
    model.write_bytes(Example("y = Relu(x)", inputs="float[3,3] x").model.SerializeToString())
    words = ("compile", model, "-t", "tract", "-o", out, "--isolated")
    process = run.start(*words)
    reached(lambda: run.runs("worker.py"))
    interrupted(run, process)  # while it starts the compiler
    assert files(tmp_path) == ["m.onnx"]
    assert not list((tmp_path / "temporary").iterdir())
    code, _, err = ended(run.start(*words))
    assert code == 0, err
    assert files(tmp_path) == ["m.nnef.tgz", "m.onnx"]


@TRACT
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_probe_leaves_whole_answers_and_no_process(jobs: str, run: Run, tmp_path: Path) -> None:
    answers, rules = tmp_path / "answers", tmp_path / "rules"
    words = ("probe", "--target", "tract", "--op", "Elu", "Selu", "--jobs", jobs, "--rules", rules, "--evidence", answers)
    process = run.start(*words)
    reached(lambda: any(b"\n" in file.read_bytes() for file in answers.glob("*.jsonl")))
    interrupted(run, process)
    assert not files(rules)
    before = {file.name: file.read_text().splitlines() for file in answers.glob("*.jsonl")}
    for lines in before.values():
        for line in lines:
            json.loads(line)
    code, _, err = ended(run.start(*words))
    assert code == 0, err
    for name, lines in before.items():
        assert (answers / name).read_text().splitlines()[: len(lines)] == lines, "asked again"
    for file in rules.rglob("*.json"):
        json.loads(file.read_text())


INSTALL = ("backends", "install", "tract")


def toolchain(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "graphfix" / "toolchains" / f"tract-{ensurepip.version()}"


def test_an_interrupted_installation_leaves_no_process_and_is_not_taken_for_one(run: Run, tmp_path: Path) -> None:
    process = run.start(*INSTALL, before=PIP_FOR_TRACT)
    reached(lambda: run.runs("ensurepip --upgrade"))
    interrupted(run, process)
    assert not (toolchain(tmp_path) / MARKER).exists()
    code, out, err = ended(run.start(*INSTALL, before=PIP_FOR_TRACT))
    assert code == 0, err
    assert out.startswith(f"tract {ensurepip.version()} in {toolchain(tmp_path)}")
    assert json.loads((toolchain(tmp_path) / MARKER).read_text())["version"] == ensurepip.version()


@pytest.mark.parametrize("during", ["ensurepip --upgrade", "-m pip install"])
def test_a_killed_installation_is_continued_by_the_next(during: str, run: Run, tmp_path: Path) -> None:
    process = run.start(*INSTALL, before=PIP_FOR_TRACT)
    reached(lambda: run.runs(during))
    process.kill()  # what it started goes on, and holds the lock
    process.communicate()
    assert not (toolchain(tmp_path) / MARKER).exists()
    code, _, err = ended(run.start(*INSTALL, before=PIP_FOR_TRACT))
    assert code == 0, err
    assert during.startswith("ensurepip") or "making an environment" not in err
    assert json.loads((toolchain(tmp_path) / MARKER).read_text())["version"] == ensurepip.version()
    assert sorted(file.name for file in toolchain(tmp_path).parent.iterdir() if file.is_dir()) == [toolchain(tmp_path).name]
    reached(lambda: not run.processes())


def test_an_installation_whose_processes_all_were_killed_is_made_again(run: Run, tmp_path: Path) -> None:
    process = run.start(*INSTALL, before=PIP_FOR_TRACT)
    reached(lambda: run.runs("ensurepip --upgrade"))
    run.kill()
    process.communicate()
    code, _, err = ended(run.start(*INSTALL, before=PIP_FOR_TRACT))
    assert code == 0, err
    assert "making an environment" in err
    assert (toolchain(tmp_path) / MARKER).exists()
