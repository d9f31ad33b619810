"""What the operating system offers for worker processes: compilers and exporters run on Linux and macOS only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from graphfix.errors import BackendError


def runs_workers() -> bool:
    """Whether a worker can run here: it forks a process per question, which Windows cannot."""
    return hasattr(os, "fork")


def require_workers(what: str) -> None:
    """Raise BackendError where no worker can run."""
    if not runs_workers():
        hint = "use Linux, macOS or WSL; `lint` without --confirm, `fix` and `table` work here"
        raise BackendError(f"{what} cannot be run on this system", hint=hint)


def python_of(environment: Path) -> Path:
    """Return the path of the interpreter in a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill a process that leads a session, with all it started; only the process itself where there are no sessions."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


@contextlib.contextmanager
def exclusive(lock: IO[str]) -> Iterator[None]:
    """Hold an exclusive lock on an open file until it is closed; no lock is held where the system has no `flock`."""
    with contextlib.suppress(ImportError):
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
    yield
