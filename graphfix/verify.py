"""Before and after in onnxruntime: the same inputs through the original and a candidate, its optimiser off.

Exact rewrites must agree to within 8 units in the last place of the output's largest magnitude (1e-6 in float32), or
what else they state: the same arithmetic in another order rounds otherwise. Approximate ones name their own tolerance. Integers,
booleans and strings must be equal, and NaN and infinities stand in the same places.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.bind import Dims
from graphfix.errors import GraphfixError
from graphfix.feeds import Array, Feed, candidates, given_feeds, is_free, seeded_feeds

ULPS = 8
SEEDS = 3
TOO_BIG = 1_900_000_000
"""Bytes from which a model is given to onnxruntime as a file: protobuf stops at 2 GiB."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison found: inputs compared, the largest errors, and the reason where it failed."""

    inputs: int
    max_abs_error: float
    max_rel_error: float
    min_cosine: float
    passed: bool
    method: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What may differ: each value by `atol + rtol * |value|`, and by `ulps` units in the last place of the scale."""

    rtol: float = 0.0
    atol: float = 0.0
    ulps: int = ULPS

    def loosened(self, other: Tolerance) -> Tolerance:
        """The wider of two in each respect."""
        return Tolerance(max(self.rtol, other.rtol), max(self.atol, other.atol), max(self.ulps, other.ulps))


@dataclass(slots=True)
class Reference:
    """An original model with its outputs on the verification inputs, computed once."""

    original: ModelProto
    shapes: Mapping[str, Dims] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Array] | None = None
    _answers: list[tuple[Feed, list[Any]]] | None = None
    _names: list[str] = field(default_factory=list)
    _trouble: str = ""

    def check(self, candidate: ModelProto, tolerance: Tolerance = Tolerance()) -> Verification:
        """Compare a candidate with the original on every input that the original runs on."""
        method = self._method(tolerance)
        answers = self._answers if self._answers is not None else self._run_original()
        if not answers:
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the original: {self._trouble}")
        try:
            with session(candidate) as after:
                names = [o.name for o in after.get_outputs()]
                if names != self._names:
                    reason = f"outputs {', '.join(self._names)} became {', '.join(names)}"
                    return Verification(0, 0.0, 0.0, 1.0, False, method, reason)
                taken = {i.name for i in after.get_inputs()}
                missing = taken - set(answers[0][0])
                if missing:
                    return Verification(0, 0.0, 0.0, 1.0, False, method, f"a new input `{min(missing)}`")
                worst = Difference()
                for count, (feed, want) in enumerate(answers, 1):
                    got = after.run(None, {name: value for name, value in feed.items() if name in taken})
                    for name, old, new in zip(names, want, got, strict=True):
                        worst = worst.worse(compare(name, old, new, tolerance))
                    if worst.reason is not None:
                        return worst.verdict(count, method)
                return worst.verdict(len(answers), method)
        except Exception as error:  # onnxruntime raises its own kinds; any of them means the candidate is no good
            return Verification(0, 0.0, 0.0, 1.0, False, method, f"onnxruntime cannot run the result: {_brief(error)}")

    def example(self) -> tuple[Feed, list[Any]] | None:
        """One input that the original runs on, with the outputs in the model's order; None when it runs on none."""
        answers = self._answers if self._answers is not None else self._run_original()
        return answers[0] if answers else None

    def _run_original(self) -> list[tuple[Feed, list[Any]]]:
        answers: list[tuple[Feed, list[Any]]] = []
        self._answers = answers
        try:
            with session(self.original) as before:
                self._names = [o.name for o in before.get_outputs()]
                for feed in self._feeds(before, answers):
                    try:
                        answers.append((feed, before.run(None, feed)))
                    except Exception as error:
                        self._trouble = _brief(error)
        except GraphfixError:
            raise
        except Exception as error:
            self._trouble = _brief(error)
        return answers

    def _feeds(self, before: Any, answers: list[tuple[Feed, list[Any]]]) -> Iterator[Feed]:
        """The user's feed, or seeded ones: at two sizes that run where dims are free."""
        if self.data is not None:
            yield from given_feeds(self.original, self.data, self.values)
            return
        free, worked = is_free(self.original, self.shapes, self.values), 0
        for sizes in candidates(free=free):
            for seed in range(SEEDS if not free else 2):
                had = len(answers)
                feed = seeded_feeds(self.original, self.shapes, self.values, sizes, seed + worked * 2)
                if feed is None:
                    self._trouble = "an input is not a tensor"
                    return
                yield feed
                if len(answers) == had:
                    break
            else:
                worked += 1
            if worked == 2:
                return

    def _method(self, tolerance: Tolerance) -> str:
        source = "given data" if self.data is not None else "seeded inputs"
        exact = f"exact to {tolerance.ulps} ulp of each output's scale"
        limit = exact if not tolerance.rtol and not tolerance.atol else f"rtol {tolerance.rtol:g}, atol {tolerance.atol:g}"
        return f"onnxruntime, optimiser off, {source}, {limit}"


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two outputs are apart."""

    absolute: float = 0.0
    relative: float = 0.0
    cosine: float = 1.0
    reason: str | None = None

    def worse(self, other: Difference) -> Difference:
        """The worst of both in each respect."""
        return Difference(max(self.absolute, other.absolute), max(self.relative, other.relative),
                          min(self.cosine, other.cosine), self.reason or other.reason)  # fmt: skip

    def verdict(self, inputs: int, method: str) -> Verification:
        """As the verification of that many inputs."""
        return Verification(inputs, self.absolute, self.relative, self.cosine, self.reason is None, method, self.reason)


def compare(name: str, old: Any, new: Any, tolerance: Tolerance) -> Difference:
    """The difference between an output before and after; `reason` is set where it is too large."""
    if isinstance(old, list) or isinstance(new, list):
        if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
            return Difference(reason=f"`{name}` is a sequence of another length")
        worst = Difference()
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            worst = worst.worse(compare(f"{name}[{index}]", a, b, tolerance))
        return worst
    if isinstance(old, dict) or old is None:
        return Difference(reason=None if old == new else f"`{name}` differs")
    was, now = np.asarray(old), np.asarray(new)
    if was.dtype != now.dtype:
        return Difference(reason=f"`{name}` was {was.dtype}, is {now.dtype}")
    if was.shape != now.shape:
        return Difference(reason=f"`{name}` was {list(was.shape)}, is {list(now.shape)}")
    if was.dtype.kind not in "fcV" and str(was.dtype) != "bfloat16":
        if np.array_equal(was, now):
            return Difference()
        off = 1.0
        if was.dtype.kind in "iu":
            off = float(np.max(np.abs(was.astype(np.float64) - now.astype(np.float64))))
        return Difference(off, off, reason=f"{int((was != now).sum())} of {was.size} values of `{name}` differ")
    return _floats(name, was, now, tolerance)


def _floats(name: str, was: Array, now: Array, tolerance: Tolerance) -> Difference:
    wide = np.complex128 if was.dtype.kind == "c" else np.float64
    step = float(np.finfo(was.dtype).eps) if was.dtype.kind in "fc" else 2.0**-7
    a, b = was.astype(wide).reshape(-1), now.astype(wide).reshape(-1)
    finite = np.isfinite(a)
    odd = ~finite & ~((a == b) | (np.isnan(a) & np.isnan(b)))
    if odd.any() or not np.isfinite(b[finite]).all():
        where = int(np.flatnonzero(odd | (finite & ~np.isfinite(b)))[0])
        return Difference(float("inf"), float("inf"), reason=f"`{name}` was {a[where]:g} at {where}, is {b[where]:g}")
    a, b = a[finite], b[finite]
    if np.array_equal(a, b):
        return Difference()
    gap: Array = np.abs(a - b)
    scale = float(np.max(np.abs(a)))
    limit = np.maximum(tolerance.ulps * step * scale, tolerance.atol + tolerance.rtol * np.abs(a))
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = min(1.0, float(np.abs(np.vdot(a, b))) / norms) if norms else 0.0
    worst = int(np.argmax(gap))
    relative = float(gap[worst] / scale) if scale else float(gap[worst] > 0)
    beyond = gap > limit
    reason = (
        f"`{name}` differs by {gap[worst]:.3g} at scale {scale:.3g}, in {int(beyond.sum())} of {a.size} values"
        if beyond.any()
        else None
    )
    return Difference(float(gap[worst]), relative, cosine, reason)


@contextlib.contextmanager
def session(model: ModelProto) -> Iterator[Any]:
    """An onnxruntime session on the CPU with nothing optimised, packed or parallel; big models go by file."""
    import onnxruntime as ort

    ort.set_default_logger_severity(4)  # what it says while it loads a model is not for our users
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")
    providers = ["CPUExecutionProvider"]
    if model.ByteSize() < TOO_BIG:
        yield ort.InferenceSession(model.SerializeToString(), options, providers=providers)
        return
    from graphfix.model import save_model

    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        path = Path(folder) / "model.onnx"
        save_model(model, path, force=True)
        yield ort.InferenceSession(str(path), options, providers=providers)


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) < 300 else text[:297] + "..."
