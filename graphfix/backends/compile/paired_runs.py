"""A changed model beside its original on installed compilers: the verdict, the error of its outputs, and its speed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from onnx import ModelProto

from graphfix.backends.base import Backend, backend
from graphfix.backends.compile.case import Case, PreparedCase
from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.errors import GraphfixError
from graphfix.ir.io import save_model
from graphfix.verify.budget import measured
from graphfix.verify.feeds import Feed
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.reference_run import ReferenceRun

SECONDS = 300.0
MOST = 8
"""The inputs on which a compiled model is compared."""


@dataclass(frozen=True, slots=True)
class PairedRun:
    """What one compiler made of a changed model.

    `accepted` is None where the compiler was not asked, `said` its words or why it was not asked. `metrics` compare its outputs
    with the original's in onnxruntime; they are empty where its models do not run here. `before` and `after` are median seconds
    of a run, taken in turn; None where they were not timed. `original` tells of a rejected model whether the original is
    accepted, None for others.
    """

    target: str
    version: str = ""
    accepted: bool | None = None
    said: str = ""
    metrics: Mapping[str, OutputMetrics] = field(default_factory=dict)
    before: float | None = None
    after: float | None = None
    original: bool | None = None

    @property
    def ratio(self) -> float | None:
        """The time of the changed model as a share of the original's."""
        return self.after / self.before if self.before and self.after is not None else None

    def to_json(self) -> dict[str, Any]:
        """The run as docs/json.md describes it."""
        return {
            "target": self.target, "version": self.version, "accepted": self.accepted, "message": self.said,
            "outputs": {name: one.to_json() for name, one in self.metrics.items()},
            "seconds_before": self.before, "seconds_after": self.after, "original_accepted": self.original,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """An original and a changed model, inputs, and the original's outputs on them in onnxruntime."""

    original: ModelProto
    changed: ModelProto
    feeds: Sequence[Feed]
    outputs: Sequence[Sequence[Any]]


def paired_runs(pair: Pair, targets: Sequence[str], begin: Callable[[str], None]) -> list[PairedRun]:
    """Ask every compiler that is installed about the changed model; where models run here, both are timed."""
    found = []
    for target in targets:
        begin(f"starting {target}")
        try:
            with CompiledRuns(pair, target) as runs:
                begin(f"compiling for {target}")
                found.append(runs.of(pair.changed, timed=True))
        except GraphfixError as error:
            found.append(PairedRun(target, said=error.problem))
    return found


class CompiledRuns:
    """A session with one compiler that is asked about several versions of one original; use it in `with`.

    Raises BackendError where the compiler is not installed.
    """

    def __init__(self, pair: Pair, target: str) -> None:
        self._pair, self._target = pair, target
        self._wanted: Backend = backend(target.partition("@")[0])
        self._names = [info.name for info in pair.original.graph.output]
        self._session: Session = open_target(target, deadline=SECONDS)
        self._scratch = tempfile.TemporaryDirectory(prefix="graphfix-")
        self._folder = Path(self._scratch.name)
        save_model(pair.original, self._folder / "original.onnx")
        self._files = [self._saved(place) for place in range(min(MOST, len(pair.feeds)))] if self._wanted.runs_here else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._session.close()
        self._scratch.cleanup()

    def of(self, changed: ModelProto, *, timed: bool = False, most: int = MOST) -> PairedRun:
        """Return what the compiler makes of one version, on `most` inputs; with `timed` beside the speed of the original."""
        for _, results in self._files:
            results.unlink(missing_ok=True)
        save_model(changed, self._folder / "changed.onnx", force=True)
        case = self._case("changed", changed)
        more: dict[str, Any] = {}
        if self._files:
            more = {"inputs": self._files[0][0], "results": self._files[0][1], "further": self._files[1:most]}
            more |= {"paired": self._folder / "original.onnx"} if timed else {}
        verdict = case.ask(self._session, self._wanted, **more)
        if not verdict.accepted:
            original = self._case("original", self._pair.original).ask(self._session, self._wanted).accepted
            return PairedRun(self._target, self._session.version, False, verdict.message, original=original)
        after, before = verdict.medians if verdict.medians is not None else (None, None)
        return PairedRun(self._target, self._session.version, True, "", self._compared(), before, after)

    def _saved(self, place: int) -> tuple[Path, Path]:
        """Save an input with the original's outputs; returns its file, and the one for the outputs of the compiled model."""
        inputs, results = (self._folder / f"{name}{place}.npz" for name in ("inputs", "results"))
        expected = {f"out:{name}": value for name, value in zip(self._names, self._pair.outputs[place], strict=True)}
        arrays = {f"in:{name}": array for name, array in self._pair.feeds[place].items()}
        np.savez(inputs, allow_pickle=False, **arrays, **expected)
        return inputs, results

    def _case(self, name: str, model: ModelProto) -> PreparedCase:
        feed = self._pair.feeds[0]
        sizes = {key: array.shape for key, array in feed.items()}
        path = self._folder / f"{name}.onnx"
        return PreparedCase(Case(path), model, path, ReferenceRun("", "", feed, self._pair.outputs[0], sizes), None)

    def _compared(self) -> dict[str, OutputMetrics]:
        """Return the error of every output over the inputs that the compiled model ran on."""
        old, new = [], []
        for place, (_, results) in enumerate(self._files):
            if not results.exists():
                break
            wanted = self._pair.outputs[place]
            with np.load(results, allow_pickle=False) as arrays:
                got = [arrays[key] for key in arrays.files]
            old.append(wanted[: len(got)])
            new.append([now.reshape(np.shape(was)) if now.size == np.size(was) else now
                        for was, now in zip(wanted, got, strict=False)])  # fmt: skip
        return measured(self._names[: len(old[0])], old, new) if old else {}
