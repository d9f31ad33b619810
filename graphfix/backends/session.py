"""A session with one compiler: questions about models, answered by a worker process that stays alive between them."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphfix.backends.verdict import PlacedOperation, Resized, Verdict
from graphfix.backends.worker_process import GRACE_SECONDS, WorkerProcess
from graphfix.errors import ModelError
from graphfix.tables.deployment import joined


class Session:
    """A worker process with a compiler, which is asked about one model at a time; close it, or use it in `with`.

    `adapter` is the compiler's adapter file, `python` an interpreter that has the compiler. `deadline` is in seconds per
    question, `memory_gib` bounds the memory of one question. Raises BackendError with `hint` when the compiler cannot be
    imported. `versions` are the installed versions of the adapter's distributions. `deployment` is the deployment target that
    the compiler builds for in place of its default one.
    """

    def __init__(
        self, adapter: Path, *, python: str, deadline: float, memory_gib: float, hint: str | None = None, deployment: str = ""
    ):
        self._adapter, self._python, self._hint, self._deployment = adapter, python, hint, deployment
        self._deadline, self._memory = deadline, int(memory_gib * 2**30)
        self._count = 0
        self._worker: WorkerProcess | None = WorkerProcess(adapter, python, hint)
        self.versions = self._worker.versions

    @property
    def version(self) -> str:
        """The version of the compiler's first distribution, with the deployment target where it is not the default one."""
        return joined(next(iter(self.versions.values()), "unknown"), self._deployment)

    def ask(
        self,
        model: str | Path,
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        values: Mapping[str, Any] | None = None,
        inputs: str | Path | None = None,
        output: str | Path | None = None,
        results: str | Path | None = None,
        resized: Sequence[str | Path] = (),
        run: bool = False,
        paired: str | Path | None = None,
        further: Sequence[tuple[Path, Path]] = (),
        deadline: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Verdict:
        """Return the compiler's verdict on the model file.

        `shapes` fixes input dims, `values` gives the values of inputs that are used as shapes. `inputs` is an .npz
        with in:NAME arrays, which are run where the compiler can run here, and out:NAME arrays, in the
        model's order, to compare with; `run` runs a model that has no inputs. `output` receives the artifact,
        `results` an .npz with the compiled model's out:NAME arrays. `resized` are more files like `inputs`, at other
        sizes of the dynamic dims, at which the compiled model is run where it can be resized. `paired` is another model that
        is run in turn with this one on the same inputs, to time both. `further` are more files like `inputs`, of the same
        sizes, each with a file that receives the outputs on it. `deadline` in seconds overrides the session's.
        `options` are the adapter's own (tflite: `onnxsim`, true by default, and `channels_last`, the inputs that are so
        already; tensorrt: `profiles` and `capabilities`; openvino and tflite: `placement`, to get what runs the nodes).
        No failure of the compiler raises; ModelError is raised when a file does not exist.
        """
        for path in (model, inputs, paired, *resized):
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
            "resized": [os.path.abspath(path) for path in resized],
            "run": run or inputs is not None,
            "paired": os.path.abspath(paired) if paired else None,
            "further": [[os.path.abspath(path) for path in pair] for pair in further],
            "options": {**({"deployment_target": self._deployment} if self._deployment else {}), **(options or {})},
        }
        return _verdict(self.send(request, deadline=limit))

    def send(self, request: Mapping[str, Any], *, deadline: float) -> dict[str, Any]:
        """Return the adapter's answer to a request in the adapter's own form.

        A new `scratch` folder, the deadline in seconds and the memory bound are added to the request. The answer has
        `stage` and `message`: `timeout` after the deadline, `crash` when the process that answers was lost.
        """
        self._count += 1
        if self._worker is None:
            self._worker = WorkerProcess(self._adapter, self._python, self._hint)
            self.versions = self._worker.versions
        scratch = self._worker.folder / str(self._count)
        scratch.mkdir()
        started = time.monotonic()
        line = json.dumps({**request, "scratch": str(scratch), "deadline": deadline, "memory": self._memory})
        try:
            answer = self._worker.exchange(line.encode() + b"\n", deadline + GRACE_SECONDS)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if answer is None:
            self._stop(kill=True)
            late = time.monotonic() - started >= deadline
            answer = {"stage": "timeout" if late else "crash", "message": "the worker process was lost"}
        return {"seconds": time.monotonic() - started, **answer}

    def close(self) -> None:
        """End the worker and all processes it started, and remove its folder."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _stop(self, *, kill: bool = False) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop(kill=kill)


def _verdict(answer: Mapping[str, Any]) -> Verdict:
    """The verdict in an adapter's answer."""
    placed, message = answer.get("placed"), " ".join(str(answer.get("message", "")).split())
    return Verdict(
        accepted=answer["stage"] == "ok",
        stage=answer["stage"],
        message=message,
        seconds=round(float(answer["seconds"]), 4),
        numerics=answer.get("numerics"),
        error=answer.get("error"),
        nodes=tuple(answer.get("nodes", ())),
        placed=None if placed is None else tuple(PlacedOperation(kind, by, tuple(names)) for kind, by, names in placed),
        resized=_resized(answer.get("resized"), message),
        medians=tuple(answer["medians"]) if answer.get("medians") else None,
        differs=answer.get("differs", ""),
    )


def _resized(found: Mapping[str, Any] | None, message: str) -> Resized | None:
    """What came of the runs at other sizes; the message of the whole answer is why such a run was lost."""
    if found is None:
        return None
    said = " ".join(str(found.get("message", "")).split())
    return Resized(found["result"], found["place"], said or ("" if found["result"] != "fails" else message), found.get("error"))
