"""An adapter that does what the model file's text says, mostly something no compiler should."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "misbehaving"
DISTRIBUTIONS = ("pip",)

SLEEPER = "import time; time.sleep(600)"


def note(model: Path) -> None:
    """Leave this process's id beside the model, for the test to look for."""
    with model.with_suffix(".pids").open("a") as sink:
        sink.write(f"{os.getpid()}\n")


def accept(model: Path) -> dict[str, Any]:
    return {"stage": "ok", "message": "fine"}


def reject(model: Path) -> dict[str, Any]:
    return {"stage": "convert", "message": "node 'conv' is not for me\nat all", "nodes": ["conv"]}


def abort(model: Path) -> dict[str, Any]:
    os.write(2, b"terminate called after throwing an instance of 'Surprise'\n")
    os.abort()


def fault(model: Path) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return accept(model)


def spin(model: Path) -> dict[str, Any]:
    while True:
        pass


def flood(model: Path) -> dict[str, Any]:
    for _ in range(100):  # a megabyte each
        sys.stdout.write("{}\n" * 350_000)
        sys.stdout.flush()
    return accept(model)


def spout(model: Path) -> dict[str, Any]:
    """Like `flood`, but without an end, and holding more memory at every line."""
    held = []
    while True:
        held.append(bytearray(1 << 24))
        os.write(1, b"spout\n" * 10_000)


def hog(model: Path) -> dict[str, Any]:
    held = []
    while True:
        held.append(b"x" * (1 << 22))
        time.sleep(0.001)


def grab(model: Path) -> dict[str, Any]:
    return {"stage": "ok", "message": str(len(bytearray(1 << 36)))}


def unfold(model: Path) -> dict[str, Any]:
    return {"stage": "convert", "message": "RuntimeError: std::bad_alloc"}


def leave_children(model: Path) -> dict[str, Any]:
    """Two sleepers: one in this session, one that left it and lost its parent."""
    if os.fork() == 0:
        note(model)
        time.sleep(600)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            note(model)
            os.execv(sys.executable, [sys.executable, "-c", SLEEPER])
        os._exit(0)
    while len(model.with_suffix(".pids").read_text().split() if model.with_suffix(".pids").exists() else ()) < 2:
        time.sleep(0.01)
    return accept(model)


def wait_with_children(model: Path) -> dict[str, Any]:
    leave_children(model)
    note(model)
    time.sleep(600)
    return accept(model)


def garble(model: Path) -> dict[str, Any]:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'{"stage": "ok", "last"\n')
        except OSError:
            continue
    return accept(model)


def forge(model: Path) -> dict[str, Any]:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"[1, 2]\n")
        except OSError:
            continue
    return accept(model)


def leave(model: Path) -> dict[str, Any]:
    sys.exit(3)


def drop_dead(model: Path) -> dict[str, Any]:
    os._exit(7)


def throw(model: Path) -> dict[str, Any]:
    raise ValueError("no such luck")


def kill_worker(model: Path) -> dict[str, Any]:
    note(model)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)
    return accept(model)


def litter(model: Path) -> dict[str, Any]:
    Path("left.bin").write_bytes(b"x" * 1000)
    import tempfile

    tempfile.mkstemp()
    os.abort()


def crash_running(model: Path) -> dict[str, Any]:
    def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
        os.abort()

    return {"stage": "ok", "run": run}


def double(model: Path) -> dict[str, Any]:
    def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
        return [("renamed", given["x"] * 2)]

    return {"stage": "ok", "run": run}


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    print("imported noisily")
    if os.environ.get("MISBEHAVE_AT_START"):
        raise ImportError("libmissing.so.3: cannot open shared object file")

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        model = Path(request["model"])
        behaviour: Callable[[Path], dict[str, Any]] = globals()[model.read_text().strip()]
        return behaviour(model)

    return ask
