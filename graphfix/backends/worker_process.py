"""The process that runs `worker.py` in a compiler's interpreter, with its pipes and its temporary folder."""

from __future__ import annotations

import json
import math
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from graphfix.backends.host import require_workers
from graphfix.errors import BackendError

WORKER = Path(__file__).with_name("worker.py")
IMPORT_SECONDS = 180.0  # for the first import of a compiler
GRACE_SECONDS = 10.0  # that the worker has after a deadline to end the process that missed it


class WorkerProcess:
    """A running worker that has imported its compiler.

    `versions` are the installed versions of the adapter's distributions, `folder` is the worker's temporary folder.
    """

    def __init__(self, adapter: Path, python: str, hint: str | None) -> None:
        """Start the worker in `python` and wait for the import; raises BackendError with `hint` when that fails."""
        require_workers(adapter.stem)
        self.folder = Path(tempfile.mkdtemp(prefix="graphfix-"))
        self._buffer = b""
        read_requests, self._requests = os.pipe()
        self._answers, write_answers = os.pipe()
        log = self.folder / "start.log"
        command = [python, str(WORKER), str(adapter), str(read_requests), str(write_answers), str(self.folder)]
        try:
            with log.open("wb") as sink:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    pass_fds=(read_requests, write_answers),
                    start_new_session=True,
                    env={**os.environ, "PYTHONSAFEPATH": "1"},
                )
        except OSError as error:
            self._close_pipes()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise BackendError(f"{python} cannot be started: {error.strerror}", hint=hint) from error
        finally:
            os.close(read_requests)
            os.close(write_answers)
        try:
            answer = self._receive(time.monotonic() + IMPORT_SECONDS)
        except BaseException:  # interrupted before anybody else could stop it
            self.stop(kill=True)
            raise
        if answer is None or "ready" not in answer:
            printed = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            why = answer["failed"] if answer else (printed[-1] if printed else "its process ended at once")
            self.stop(kill=True)
            raise BackendError(f"{adapter.stem} cannot be started with {python}: {why}", hint=hint)
        self.versions: dict[str, str] = answer["ready"]

    def exchange(self, request: bytes, seconds: float) -> dict[str, Any] | None:
        """Send one request line; returns its answer, or None when the worker died or did not answer in time."""
        try:
            while request:
                request = request[os.write(self._requests, request) :]
        except OSError:
            return None
        return self._receive(time.monotonic() + seconds)

    def _receive(self, until: float) -> dict[str, Any] | None:
        """Read one answer line; None at the end of the pipe, or at `until` on the monotonic clock."""
        while b"\n" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], min(left, 1 << 20))[0]:
                return None
            block = os.read(self._answers, 1 << 16)
            if not block:
                return None
            self._buffer += block
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if isinstance(answer.get("error"), float) and math.isnan(answer["error"]):
            answer["error"] = math.inf
        return answer

    def stop(self, *, kill: bool = False) -> None:
        """Close the pipes, which makes the worker end its child and exit; kill it if it does not, or at once with `kill`."""
        self._close_pipes()
        try:
            self.process.wait(0 if kill else GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _close_pipes(self) -> None:
        os.close(self._requests)
        os.close(self._answers)
