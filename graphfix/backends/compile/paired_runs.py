"""A changed model beside its original on installed compilers: the verdict, the error of its outputs, and its speed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case, PreparedCase
from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.errors import GraphfixError
from graphfix.ir.io import save_model
from graphfix.verify.feeds import Feed
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.reference_run import ReferenceRun

SECONDS = 300.0


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


def paired_runs(pair: Pair, targets: Sequence[str], begin: Callable[[str], None], most: int = 2) -> list[PairedRun]:
    """Ask every compiler that is installed about the changed model, on at most `most` of the inputs."""
    with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
        folder = Path(scratch)
        for name, model in (("original", pair.original), ("changed", pair.changed)):
            save_model(model, folder / f"{name}.onnx")
        return [_asked(pair, target, folder, begin, most) for target in targets]


def _asked(pair: Pair, target: str, folder: Path, begin: Callable[[str], None], most: int) -> PairedRun:
    """Ask one compiler; it is timed on the first input."""
    try:
        begin(f"starting {target}")
        with open_target(target, deadline=SECONDS) as session:
            begin(f"compiling for {target}")
            return _run(pair, target, session, folder, most)
    except GraphfixError as error:
        return PairedRun(target, said=error.problem)


def _run(pair: Pair, target: str, session: Session, folder: Path, most: int) -> PairedRun:
    wanted = backend(target.partition("@")[0])
    names = [info.name for info in pair.original.graph.output]
    metrics = {name: OutputMetrics() for name in names}
    medians: tuple[float, ...] | None = None
    compared = 0
    for place, feed in enumerate(pair.feeds[:most] if wanted.runs_here else pair.feeds[:1]):
        inputs, results = folder / "inputs.npz", folder / "results.npz"
        results.unlink(missing_ok=True)
        expected = {f"out:{name}": value for name, value in zip(names, pair.outputs[place], strict=True)}
        np.savez(inputs, allow_pickle=False, **{f"in:{name}": array for name, array in feed.items()}, **expected)
        sizes = {name: array.shape for name, array in feed.items()}
        case = PreparedCase(Case(folder / "changed.onnx"), pair.changed, folder / "changed.onnx",
                            ReferenceRun("", "", feed, pair.outputs[place], sizes), None)  # fmt: skip
        timed = {"paired": folder / "original.onnx"} if place == 0 and wanted.runs_here else {}
        verdict = case.ask(session, wanted, inputs=inputs, results=results, **timed)
        if not verdict.accepted:
            first = PreparedCase(Case(folder / "original.onnx"), pair.original, folder / "original.onnx", case.reference, None)
            original = first.ask(session, wanted).accepted
            return PairedRun(target, session.version, False, verdict.message, original=original)
        medians = medians or verdict.medians
        if results.exists():
            with np.load(results, allow_pickle=False) as arrays:
                for name, was, key in zip(names, pair.outputs[place], arrays.files, strict=False):
                    got = arrays[key]
                    metrics[name].add(was, got.reshape(np.shape(was)) if got.size == np.size(was) else got)
            compared += 1
    after, before = medians if medians is not None else (None, None)
    return PairedRun(target, session.version, True, "", metrics if compared else {}, before, after)
