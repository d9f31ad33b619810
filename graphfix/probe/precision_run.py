"""Measuring what a compiler computes in, and which forms of the small models it takes; the answers become its table."""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto

from graphfix.backends.base import backend
from graphfix.backends.connect import open_backend
from graphfix.backends.session import Session
from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile
from graphfix.precision.quantised_form import quantise
from graphfix.probe.measure import stable_message
from graphfix.probe.precision_accumulation import accumulations
from graphfix.probe.precision_arithmetic import arithmetics
from graphfix.probe.precision_forms import forms
from graphfix.probe.precision_models import BUILDERS, samples
from graphfix.tables.precision import (
    FILE,
    REJECTED,
    SUPPORTED,
    WRONG,
    FormAnswer,
    MeasuredForm,
    PrecisionTable,
    written,
)
from graphfix.tables.versions import tables_folder

DEADLINE = 90.0
TOLD_APART = 12.0
"""The SNR in dB below which outputs are wrong: quantised outputs are 25 dB and more from those in float32."""

Outputs = list[npt.NDArray[Any]]


def measure_precision(
    target: str,
    *,
    python: str | None = None,
    home: Path | None = None,
    evidence: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> PrecisionTable:
    """Ask a compiler about every form of every small model and write its table; returns the table.

    `evidence` is a folder where answers are kept, so that an interrupted run goes on. Equal files are asked about once.
    """
    known: dict[str, FormAnswer] = {}
    kept = None if evidence is None else evidence / f"{target}-precision.jsonl"
    if kept is not None and kept.is_file():
        known = {key: FormAnswer(**answer) for key, answer in map(json.loads, kept.read_text().splitlines())}
    measured: list[MeasuredForm] = []
    with open_backend(target, python=python, deadline=DEADLINE) as session, tempfile.TemporaryDirectory() as folder:
        for form in forms():
            answers = {}
            for name, build in BUILDERS.items():
                original = build(form.opset)
                try:
                    model = quantise(original, form, samples(original))
                except UsageError:
                    continue
                if form.scheme != "float" and _unchanged(model):
                    continue
                key = f"{session.version} {hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()[:24]}"
                if key not in known:
                    known[key] = _ask(original, model, session, Path(folder))
                    if kept is not None:
                        kept.parent.mkdir(parents=True, exist_ok=True)
                        with kept.open("a") as sink:
                            sink.write(json.dumps([key, asdict(known[key])]) + "\n")
                answers[name] = known[key]
            measured.append(MeasuredForm(form, answers))
            if report is not None:
                report(f"{target}: {form.label}: {', '.join(f'{name} {one.verdict}' for name, one in answers.items())}")
        made = PrecisionTable(
            target, session.version, f"{backend(target).distributions[0]} {session.version}", _machine(),
            datetime.datetime.now(datetime.UTC).date().isoformat(), arithmetics(target, session), tuple(measured),
            accumulations(session) if backend(target).runs_here else (),
        )  # fmt: skip
    path = tables_folder(home) / target / made.version / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with PendingFile(str(path.parent)) as pending:
        pending.write(written(made).encode())
        pending.put(str(path))
    return made


def _unchanged(model: ModelProto) -> bool:
    """Whether a quantised form changed nothing, since the model has no operator that it concerns."""
    marks = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulNBits", "QLinearConv", "DynamicQuantizeLSTM")
    return not any(node.op_type in marks for node in model.graph.node)


def _machine() -> str:
    """The kind of machine, with the CPU features on which arithmetic depends."""
    from graphfix.precision.cpu import features

    return " ".join([platform.system(), platform.machine(), *features()])


def _ask(original: ModelProto, model: ModelProto, session: Session, folder: Path) -> FormAnswer:
    """Ask about one file; its outputs are compared with onnxruntime's of the same file, else with the original's."""
    path, inputs, results = folder / "model.onnx", folder / "inputs.npz", folder / "results.npz"
    path.write_bytes(model.SerializeToString())
    results.unlink(missing_ok=True)
    feed = samples(original, 1)[0]
    exact = _run(original, feed)
    narrow = {info.name: info.type.tensor_type.elem_type for info in model.graph.input}["x"]
    runnable = narrow in (1, 10)  # an .npz holds no bfloat16
    if narrow == 10:
        feed = {"x": feed["x"].astype(np.float16)}
    wanted = (_run(model, feed) or exact) if runnable else None
    if runnable and wanted and exact:
        arrays = {f"in:{name}": array for name, array in feed.items()}
        arrays |= {f"out:{info.name}": array for info, array in zip(model.graph.output, wanted, strict=True)}
        np.savez(inputs, **arrays)  # type: ignore[arg-type]
    verdict = session.ask(path, inputs=inputs if runnable else None, results=results)
    if not verdict.accepted:
        return FormAnswer(REJECTED, verdict.stage, stable_message(verdict.message))
    if verdict.numerics == "error":
        return FormAnswer(REJECTED, "run", stable_message(verdict.message))
    if not results.is_file() or wanted is None or exact is None:
        return FormAnswer(SUPPORTED)
    with np.load(results) as found:
        got = [found[name] for name in found.files]
    ratio = round(max(_snr(wanted, got), _snr(exact, got)), 1)
    return FormAnswer(SUPPORTED if ratio >= TOLD_APART else WRONG, snr=ratio)


def _run(model: ModelProto, feed: Mapping[str, npt.NDArray[Any]]) -> Outputs | None:
    """Return what onnxruntime computes; None where it does not run the model."""
    from graphfix.verify.runtime import session

    try:
        with session(model) as running:
            found: Outputs = running.run(None, dict(feed))
            return found
    except Exception:  # whatever stops it, the original's outputs are compared instead
        return None


def _snr(wanted: Outputs, got: Outputs) -> float:
    """Return the smallest signal-to-noise ratio of the outputs in dB, at most 200."""
    return min(_ratios(wanted, got), default=-200.0) if len(wanted) == len(got) else -200.0


def _ratios(wanted: Outputs, got: Outputs) -> Iterator[float]:
    """The ratio of each output."""
    for want, have in zip(wanted, got, strict=True):
        a, b = want.astype(np.float64).reshape(-1), have.astype(np.float64).reshape(-1)
        noise = float(np.square(a - b).sum()) if a.size == b.size else float("inf")
        signal = float(np.square(a).sum())
        if not np.isfinite(noise):
            yield -200.0
        else:
            yield min(200.0, 10 * float(np.log10(signal / noise))) if noise and signal else 200.0
