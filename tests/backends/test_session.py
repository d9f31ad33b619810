"""Whatever a compiler does to its process is a verdict: in time, with nothing left behind, and the next is answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphfix.backends.session import Session
from graphfix.backends.supervision import descendants
from graphfix.errors import BackendError, ModelError

ADAPTER = Path(__file__).with_name("misbehaving.py")


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], within: float = 5.0) -> bool:
    """Whether all processes have ended by then."""
    until = time.monotonic() + within
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(alive(pid) for pid in pids)


def noted(model: Path) -> list[int]:
    """The processes that wrote down their ids beside the model."""
    return [int(line) for line in model.with_suffix(".pids").read_text().split()]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which every temporary file of the test is made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The session with the misbehaving adapter that all behaviours are asked of; afterwards nothing of it may be left."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("TMPDIR", str(folder))
        with Session(ADAPTER, python=sys.executable, deadline=10.0, memory_gib=0.25) as opened:
            yield opened
            workers = [] if opened._worker is None else [opened._worker.process.pid]
        assert gone(workers, within=0)
        assert list(folder.iterdir()) == []


@pytest.fixture
def session(shared: Session) -> Iterator[Session]:
    """The shared session; after the test nothing runs below its worker, and its folder holds what it held at first."""
    yield shared
    if shared._worker is not None:
        assert descendants(shared._worker.process.pid) == []
        assert [one.name for one in shared._worker.folder.parent.rglob("*")] == [shared._worker.folder.name, "start.log"]


def model(folder: Path, behaviour: str) -> Path:
    """A model file that makes the adapter behave so."""
    path = folder / f"{behaviour}.onnx"
    path.write_text(behaviour)
    return path


@pytest.mark.parametrize(
    ("behaviour", "stage", "said"),
    [
        ("accept", "ok", "fine"),
        ("reject", "convert", "node 'conv' is not for me at all"),
        ("abort", "crash", "killed by SIGABRT: terminate called after throwing an instance of 'Surprise'"),
        ("fault", "crash", "killed by SIGSEGV"),
        ("flood", "ok", "fine"),
        ("hog", "crash", "more than 0.25 GiB of memory"),
        ("spout", "crash", "more than 0.25 GiB of memory"),
        ("grab", "crash", "MemoryError"),
        ("unfold", "crash", "std::bad_alloc"),
        ("garble", "crash", "garbage where the answer should be"),
        ("forge", "crash", "garbage where the answer should be"),
        ("leave", "crash", "SystemExit: 3"),
        ("drop_dead", "crash", "exited with status 7 without an answer"),
        ("throw", "crash", "ValueError: no such luck"),
        ("litter", "crash", "killed by SIGABRT"),
        ("kill_worker", "crash", "the worker process was lost"),
    ],
)
def test_every_behaviour_is_a_verdict_and_the_session_goes_on(
    session: Session, tmp_path: Path, behaviour: str, stage: str, said: str
) -> None:
    verdict = session.ask(model(tmp_path, behaviour))
    assert (verdict.stage, verdict.accepted) == (stage, stage == "ok")
    assert said in verdict.message
    assert "\n" not in verdict.message
    assert verdict.seconds < 10
    assert session.ask(model(tmp_path, "accept")).accepted


def test_an_endless_loop_ends_at_the_deadline(session: Session, tmp_path: Path) -> None:
    started = time.monotonic()
    verdict = session.ask(model(tmp_path, "spin"), deadline=0.5)
    assert verdict.stage == "timeout"
    assert verdict.message == "no answer within 0.5 s"
    assert 0.4 < time.monotonic() - started < 3
    assert session.ask(model(tmp_path, "accept")).accepted


@pytest.mark.parametrize(("behaviour", "stage"), [("leave_children", "ok"), ("wait_with_children", "timeout")])
def test_what_a_compiler_starts_dies_with_it(session: Session, tmp_path: Path, behaviour: str, stage: str) -> None:
    asked = model(tmp_path, behaviour)
    assert session.ask(asked, deadline=2.0).stage == stage
    assert len(noted(asked)) >= 2
    assert gone(noted(asked), within=0)


def test_a_child_whose_worker_was_killed_dies_too(session: Session, tmp_path: Path) -> None:
    asked = model(tmp_path, "kill_worker")
    session.ask(asked)
    assert gone(noted(asked))


def test_one_worker_serves_many_models(session: Session, tmp_path: Path) -> None:
    assert session.ask(model(tmp_path, "accept")).accepted
    assert session._worker is not None
    worker = session._worker.process.pid
    asked = [model(tmp_path, name) for name in ("accept", "abort", "reject", "accept")]
    assert [session.ask(one).stage for one in asked] == ["ok", "crash", "convert", "ok"]
    assert session._worker.process.pid == worker


def test_blamed_nodes_are_passed_on(session: Session, tmp_path: Path) -> None:
    assert session.ask(model(tmp_path, "reject")).nodes == ("conv",)


def test_a_crash_while_running_is_no_rejection(session: Session, tmp_path: Path) -> None:
    verdict = session.ask(model(tmp_path, "crash_running"), run=True)
    assert (verdict.accepted, verdict.stage, verdict.numerics) == (True, "ok", "error")
    assert "SIGABRT" in verdict.message
    assert session.ask(model(tmp_path, "crash_running")).numerics is None


def test_outputs_are_compared_and_kept(session: Session, tmp_path: Path) -> None:
    x = np.array([1.0, -4.0, 0.0], dtype=np.float32)
    arrays = {"in:x": x, "out:y": np.array([2.0, -7.0, 0.0], dtype=np.float32)}
    np.savez(tmp_path / "inputs.npz", **arrays)  # type: ignore[arg-type]
    results = tmp_path / "results.npz"
    verdict = session.ask(model(tmp_path, "double"), inputs=tmp_path / "inputs.npz", results=results)
    assert (verdict.accepted, verdict.numerics) == (True, "differ")
    assert verdict.error == pytest.approx(1 / 7)
    with np.load(results) as kept:
        assert kept.files == ["out:y"]
        assert kept["out:y"].tolist() == [2.0, -8.0, 0.0]


def test_an_input_that_is_missing_makes_the_run_an_error(session: Session, tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", **{"in:z": np.zeros(1)})  # type: ignore[arg-type]
    verdict = session.ask(model(tmp_path, "double"), inputs=tmp_path / "inputs.npz")
    assert (verdict.accepted, verdict.numerics) == (True, "error")


def test_a_missing_file_is_the_users_error(session: Session, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        session.ask(tmp_path / "absent.onnx")


def test_a_compiler_that_cannot_be_imported_is_reported(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISBEHAVE_AT_START", "1")
    with pytest.raises(BackendError, match=r"libmissing\.so\.3.*; reinstall it"):
        Session(ADAPTER, python=sys.executable, deadline=1.0, memory_gib=1.0, hint="reinstall it")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_an_interpreter_that_does_not_start_is_reported(temporary: Path, python: str) -> None:
    with pytest.raises(BackendError, match=python):
        Session(ADAPTER, python=python, deadline=1.0, memory_gib=1.0)
    assert list(temporary.iterdir()) == []


def test_nothing_outlives_an_owner_that_was_killed(temporary: Path, tmp_path: Path) -> None:
    asked = model(tmp_path, "wait_with_children")
    script = (
        "import sys; from pathlib import Path; from graphfix.backends.session import Session\n"
        "s = Session(Path(sys.argv[1]), python=sys.executable, deadline=60, memory_gib=1)\n"
        "print(s._worker.process.pid, flush=True); s.ask(sys.argv[2])"
    )
    command = [sys.executable, "-c", script, str(ADAPTER), str(asked)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        worker = int(owner.stdout.readline())
        until = time.monotonic() + 10
        while time.monotonic() < until and not (asked.with_suffix(".pids").exists() and len(noted(asked)) == 3):
            time.sleep(0.01)
        left = [worker, *noted(asked)]
        assert all(alive(pid) for pid in left)
        os.kill(owner.pid, signal.SIGKILL)
    assert gone(left)
    until = time.monotonic() + 5
    while list(temporary.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(temporary.iterdir()) == []
