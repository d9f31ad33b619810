"""A session with one compiler: a warm worker process, its pipes and its folder."""

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
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphfix.backends.verdict import Placed, Verdict
from graphfix.errors import BackendError, ModelError

WORKER = Path(__file__).with_name("worker.py")
IMPORTING = 180.0  # seconds for a compiler's import, cold
GRACE = 10.0  # seconds the worker has beyond a deadline to bury what missed it


class Session:
    """A warm worker process that answers for many models, one at a time; close it, or use it in `with`."""

    def __init__(self, adapter: Path, *, python: str, deadline: float, memory_gib: float, hint: str | None = None):
        self._adapter, self._python, self._hint = adapter, python, hint
        self._deadline, self._memory = deadline, int(memory_gib * 2**30)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._requests = self._answers = -1
        self._buffer = b""
        self._count = 0
        self.versions: dict[str, str] = {}
        self._start()

    @property
    def version(self) -> str:
        """The version of the compiler's first distribution."""
        return next(iter(self.versions.values()), "unknown")

    def ask(
        self,
        model: str | Path,
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        values: Mapping[str, Any] | None = None,
        inputs: str | Path | None = None,
        output: str | Path | None = None,
        results: str | Path | None = None,
        run: bool = False,
        deadline: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Verdict:
        """The compiler's verdict on the model file.

        `shapes` fixes input dims, `values` gives the values of shape-deciding inputs. `inputs` is an .npz
        with in:NAME arrays, which are run where the compiler can run here, and out:NAME arrays, in the
        model's order, to compare with; `run` runs a model that takes no inputs. `output` receives the artifact,
        `results` an .npz with the compiled model's out:NAME arrays. `deadline` in seconds overrides the
        session's. `options` are the adapter's own (tflite: `onnxsim`, true by default; tensorrt:
        `profiles` and `capabilities`; openvino and tflite: `placement`, to be told what runs the nodes). Never raises for
        anything the compiler does; ModelError when a file is not there.
        """
        for path in (model, inputs):
            if path is not None and not os.path.isfile(path):
                raise ModelError("there is no such file", path=path)
        limit = self._deadline if deadline is None else deadline
        request = {
            "model": os.path.abspath(model),
            "shapes": {name: [int(size) for size in dims] for name, dims in (shapes or {}).items()},
            "values": dict(values or {}),
            "inputs": os.path.abspath(inputs) if inputs else None,
            "output": os.path.abspath(output) if output else None,
            "results": os.path.abspath(results) if results else None,
            "run": run or inputs is not None,
            "options": dict(options or {}),
        }
        answer = self.put(request, deadline=limit)
        told = answer.get("placed")
        return Verdict(
            accepted=answer["stage"] == "ok",
            stage=answer["stage"],
            message=" ".join(str(answer.get("message", "")).split()),
            seconds=round(float(answer["seconds"]), 4),
            numerics=answer.get("numerics"),
            error=answer.get("error"),
            nodes=tuple(answer.get("nodes", ())),
            placed=None if told is None else tuple(Placed(kind, by, tuple(names)) for kind, by, names in told),
        )

    def put(self, request: Mapping[str, Any], *, deadline: float) -> dict[str, Any]:
        """The adapter's answer to a request of its own form, a fresh `scratch` folder and the bounds put in.

        It has `stage` and `message`: `timeout` after `deadline` seconds, `crash` when the process that answers was lost.
        """
        self._count += 1
        if self._process is None:
            self._start()
        assert self._folder is not None
        scratch = self._folder / str(self._count)
        scratch.mkdir()
        started = time.monotonic()
        line = json.dumps({**request, "scratch": str(scratch), "deadline": deadline, "memory": self._memory})
        try:
            answer = self._exchange(line.encode() + b"\n", deadline + GRACE)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if answer is None:
            self._stop(signal.SIGKILL)
            late = time.monotonic() - started >= deadline
            answer = {"stage": "timeout" if late else "crash", "message": "the worker process was lost"}
        return {"seconds": time.monotonic() - started, **answer}

    def close(self) -> None:
        """End the worker and all it started, and remove its folder."""
        self._stop(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        """Start the worker and wait for its compiler's import."""
        self._folder = Path(tempfile.mkdtemp(prefix="graphfix-"))
        theirs, self._requests = os.pipe()
        self._answers, mine = os.pipe()
        self._buffer = b""
        log = self._folder / "start.log"
        command = [self._python, str(WORKER), str(self._adapter), str(theirs), str(mine), str(self._folder)]
        try:
            with log.open("wb") as sink:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    pass_fds=(theirs, mine),
                    start_new_session=True,
                    env={**os.environ, "PYTHONSAFEPATH": "1"},
                )
        except OSError as error:
            self._stop(signal.SIGKILL)
            raise BackendError(f"{self._python} cannot be started: {error.strerror}", hint=self._hint) from error
        finally:
            os.close(theirs)
            os.close(mine)
        answer = self._receive(time.monotonic() + IMPORTING)
        if answer is None or "ready" not in answer:
            said = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            why = answer["failed"] if answer else (said[-1] if said else "its process ended at once")
            self._stop(signal.SIGKILL)
            raise BackendError(f"{self._adapter.stem} cannot be started with {self._python}: {why}", hint=self._hint)
        self.versions = answer["ready"]

    def _exchange(self, line: bytes, seconds: float) -> dict[str, Any] | None:
        """Send one request; its answer, or None when the worker died or stayed silent."""
        try:
            while line:
                line = line[os.write(self._requests, line) :]
        except OSError:
            return None
        return self._receive(time.monotonic() + seconds)

    def _receive(self, until: float) -> dict[str, Any] | None:
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

    def _stop(self, how: signal.Signals) -> None:
        """Closing the pipe makes the worker end its child and leave; one that does not is killed."""
        for end in (self._requests, self._answers):
            if end >= 0:
                os.close(end)
        self._requests = self._answers = -1
        process, self._process = self._process, None
        if process is not None:
            try:
                process.wait(0 if how == signal.SIGKILL else GRACE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
