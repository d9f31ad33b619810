"""Asking installed compilers about versions of a model in memory, within one time limit for all questions.

Where a compiler's models run here, its outputs are compared with onnxruntime's of the original. OpenVINO computes in
float32: without that it would use bfloat16 on processors that have it, which differs by more than a wrong rewrite.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case, PreparedCase
from graphfix.backends.compile.findings import MAX_ERROR, OUT_OF_MEMORY, compiler_findings
from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.backends.toolchain import find
from graphfix.backends.verdict import Verdict
from graphfix.errors import GraphfixError
from graphfix.ir.weight_offload import with_weights
from graphfix.linter.diagnostics import Result
from graphfix.rewriting.measurement import Grade, Measure, Measurement
from graphfix.verify.edge_samples import ReferenceSample
from graphfix.verify.feed_adapter import joined
from graphfix.verify.reference_run import ReferenceRun

SECONDS = 60.0
"""The seconds that all questions of one run may take together."""
SMALL_SCALE = 1e-3
"""The least scale of an output; smaller outputs are compared as if they had it."""
ROUNDED, MOST_ROUNDED = 2.0, 0.03
"""How many times as far as the original moves by a rounding its compiled form may be off, and how far at most."""


@contextlib.contextmanager
def target_measure(seconds: float = SECONDS, begin: Callable[[str], None] = lambda _: None) -> Iterator[Measure]:
    """Yield a function that measures a model on targets; each compiler starts when it is first asked.

    `begin` is called with a line before each question.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))
        yield _Compilers(stack, folder, seconds, begin).measure


@dataclass(slots=True)
class _Compilers:
    """The sessions of one run: opened when needed, or the reason why there is none."""

    stack: contextlib.ExitStack
    folder: Path
    seconds: float
    begin: Callable[[str], None]
    sessions: dict[str, Session | str] = field(default_factory=dict)
    spent: float = 0.0

    def measure(
        self, model: ModelProto, samples: Sequence[ReferenceSample], targets: Collection[str]
    ) -> Mapping[str, Measurement]:
        """Return what the compilers of the targets make of a model."""
        started = time.monotonic()
        found = {}
        path: Path | None = None
        for target in targets:
            session = self._session(target)
            if isinstance(session, str):
                found[target] = Measurement(reason=session)
                continue
            path = path or self._save(model)
            found[target] = _Question(self, target, session, model, path, samples, started).measurement()
        self.spent += time.monotonic() - started
        return found

    def left(self, started: float) -> float:
        """Return the seconds left, in a measurement that began at `started`."""
        return self.seconds - self.spent - (time.monotonic() - started)

    def _session(self, target: str) -> Session | str:
        if target not in self.sessions:
            name, _, version = target.partition("@")
            try:
                there = find(name, version or None)
                self.sessions[target] = f"{target} is not installed" if there is None else self._opened(target)
            except GraphfixError as error:  # also a table of a compiler that this version cannot ask
                self.sessions[target] = error.problem
        return self.sessions[target]

    def _opened(self, target: str) -> Session:
        self.begin(f"starting {target}")
        return self.stack.enter_context(open_target(target, deadline=self.seconds))

    def _save(self, model: ModelProto) -> Path:
        from graphfix.ir.io import save_model

        path = self.folder / "model.onnx"
        copy = ModelProto()
        copy.CopyFrom(model)
        save_model(with_weights(copy), path, force=True)
        return path


@dataclass(slots=True)
class _Question:
    """One model and one compiler: the answers on every sample."""

    compilers: _Compilers
    target: str
    session: Session
    model: ModelProto
    path: Path
    samples: Sequence[ReferenceSample]
    started: float

    def measurement(self) -> Measurement:
        """Ask once for every sample, or once without inputs; a rejection is the answer for all of them."""
        began = time.monotonic()
        wanted = backend(self.target.partition("@")[0])
        compared: list[ReferenceSample | None] = list(self.samples) if wanted.runs_here else []
        grades: list[Grade] = []
        worst: tuple[float, Verdict, PreparedCase] | None = None
        for sample in compared or [None]:
            left = self.compilers.left(self.started)
            if left <= 0:
                return self._unknown(f"the limit of {self.compilers.seconds:g} s was reached", began)
            self.compilers.begin(f"compiling for {self.target}")
            prepared, verdict, got = self._ask(sample, left)
            if verdict.stage == "timeout":
                return self._unknown(f"{self.target} gave no answer within the limit of {self.compilers.seconds:g} s", began)
            if verdict.stage == "crash" and OUT_OF_MEMORY.search(verdict.message):
                return self._unknown(f"{self.target} ran out of memory", began)
            grade, error = _graded(verdict, got, sample)
            if grade == "" and sample is not None and verdict.accepted:
                grade, error = self._at_fixed_sizes(sample, self.compilers.left(self.started))
            grades += [grade] if sample is not None else []
            rank = error if error is not None else np.inf if grade == "fails" else -1.0
            if worst is None or rank > worst[0]:
                worst = rank, dataclasses.replace(verdict, error=error), prepared
            if not verdict.accepted:
                grades = []
                break
        assert worst is not None
        return self._told(worst[1], worst[2], tuple(grades), began)

    def _ask(
        self, sample: ReferenceSample | None, seconds: float, *, fixed: bool = False
    ) -> tuple[PreparedCase, Verdict, list[Any] | None]:
        """Return the case, the compiler's verdict, and the outputs of the compiled model; None where it was not run.

        With `fixed` the compiler is given the sizes of the inputs.
        """
        usual = sample or next(iter(self.samples), None)  # a compiler that only builds is given sizes at which the model runs
        sized = {} if usual is None else {i.name: usual.feed[i.name] for i in self.model.graph.input if i.name in usual.feed}
        sizes = {name: np.shape(array) for name, array in sized.items()}
        reference = ReferenceRun("", "", sized, () if sample is None else sample.outputs, sizes)
        prepared = PreparedCase(Case(self.path), self.model, self.path, reference, None)
        inputs, results = self.compilers.folder / "inputs.npz", self.compilers.folder / "results.npz"
        results.unlink(missing_ok=True)
        more: dict[str, Any] = {"deadline": seconds, **({"shapes": sizes} if fixed else {})}
        if sample is not None:
            names = [output.name for output in self.model.graph.output]
            expected = {f"out:{n}": v for n, v in zip(names, sample.outputs, strict=True)} if len(sample.runs) == 1 else {}
            np.savez(inputs, allow_pickle=False, **{f"in:{name}": array for name, array in sized.items()}, **expected)
            more |= {"inputs": inputs, "results": results}
        verdict = prepared.ask(self.session, backend(self.target.partition("@")[0]), **more)
        if not results.exists():
            return prepared, verdict, None
        with np.load(results, allow_pickle=False) as arrays:
            return prepared, verdict, [arrays[name] for name in arrays.files]

    def _at_fixed_sizes(self, sample: ReferenceSample, seconds: float) -> tuple[Grade, float | None]:
        """Return grade and error of the model compiled for the sample's sizes, where the dynamic one takes only its own."""
        _, verdict, got = self._ask(sample, max(seconds, 1.0), fixed=True)
        return _graded(verdict, got, sample)

    def _told(self, verdict: Verdict, prepared: PreparedCase, grades: tuple[Grade, ...], began: float) -> Measurement:
        name, _, version = self.target.partition("@")
        compiler = {
            "version": self.session.version, "accepted": verdict.accepted, "stage": str(verdict.stage),
            "message": verdict.message, "seconds": round(verdict.seconds, 3), "predicted": None,
            "numerics": verdict.numerics, "error": verdict.error,
        }  # fmt: skip
        result = Result("", name, version, compiler=dict(compiler))
        rounded = bool(grades) and all(grade == "right" for grade in grades) and (verdict.error or 0.0) > MAX_ERROR
        findings = compiler_findings(result, prepared, verdict, backend(name), most=MOST_ROUNDED if rounded else MAX_ERROR)
        compared = any(grades)
        method = f"{len(grades)} input{'s' if len(grades) != 1 else ''} against onnxruntime" if compared else "compiled only"
        method += ", in float32" if compared and name == "openvino" else ""
        method += ", which moves as far by a rounding of its inputs" if rounded else ""
        return Measurement(
            verdict.accepted, grades, verdict.error, time.monotonic() - began, compiler, method, tuple(findings), rounded=rounded
        )  # fmt: skip

    def _unknown(self, reason: str, began: float) -> Measurement:
        return Measurement(seconds=time.monotonic() - began, reason=reason)


def _graded(verdict: Verdict, got: Sequence[Any] | None, sample: ReferenceSample | None) -> tuple[Grade, float | None]:
    """Return the grade of a compiled model on a sample, and how far it is off as a share of the outputs' scale."""
    if not verdict.accepted or sample is None:
        return "", None
    if verdict.numerics == "error":
        return "fails", None
    if got is None:
        return "", None
    error = distance(got, [joined(list(runs), new) for *runs, new in zip(*sample.runs, got, strict=True)])
    return ("right" if error <= MAX_ERROR or error <= _rounded(sample) else "wrong"), error


def _rounded(sample: ReferenceSample) -> float:
    """Return the error that roundings explain: the original's outputs move as far where its inputs differ by a rounding.

    What quantises its activations, or decides by them, moves by whole steps.
    """
    moved = sample.moved() if sample.moved is not None else []
    errors = [distance(one, old) for runs in moved for one, old in zip(runs, sample.runs, strict=True)]
    return min(ROUNDED * max(errors, default=0.0), MOST_ROUNDED)


def distance(got: Sequence[Any], want: Sequence[Any]) -> float:
    """Return the largest difference of two lists of outputs as a share of each output's largest magnitude."""
    worst = 0.0
    for new, old in zip(got, want, strict=True):
        a, b = np.asarray(new, np.float64), np.asarray(old, np.float64)
        if a.size != b.size:
            return float("inf")
        if b.size:
            gap = float(np.max(np.abs(a.reshape(b.shape) - b))) / max(SMALL_SCALE, float(np.max(np.abs(b))))
            worst = max(worst, gap if np.isfinite(gap) else float("inf"))
    return worst
