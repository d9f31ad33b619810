"""Verification of a lowered model against its framework's outputs: `python -m graphfix.lowering.proof REQUEST`.

onnxruntime runs in a process of its own, so that a crash costs one answer and lint never imports it. REQUEST is a JSON
file that names the model, the tolerance and the feeds that a worker saved (`K/in/NAME`, `K/out/INDEX` for run K).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphfix.verify.compare import Difference, Tolerance, Verification, compare

METHOD = "onnxruntime with its optimiser off against the framework, rtol {rtol:g}, atol {atol:g} of each output's scale"
RTOL, ATOL_SCALE = 1e-3, 1e-4
FLOAT16_TOLERANCE = 1e-2
"""Relative tolerance, absolute tolerance as a share of an output's scale, and both for 16-bit floats."""
DEADLINE = 300.0


def verify_lowered(
    model: Path, feeds: Path, labels: Sequence[str], *, rtol: float | None = None, atol: float | None = None
) -> Verification:
    """Run the lowered model on every feed in a process of its own and compare; a crash or timeout is a failed verification."""
    request = feeds.with_suffix(".json")
    request.write_text(json.dumps({"model": str(model), "feeds": str(feeds), "labels": list(labels), "rtol": rtol, "atol": atol}))
    command = [sys.executable, "-m", "graphfix.lowering.proof", str(request)]
    try:
        completed = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE, check=False, stdin=subprocess.DEVNULL
        )
        problem = f"onnxruntime's process ended with status {completed.returncode}: {completed.stderr.strip()[-200:]}"
        answer = json.loads(completed.stdout.splitlines()[-1]) if completed.returncode == 0 else None
    except subprocess.TimeoutExpired:
        answer, problem = None, f"onnxruntime gave no answer within {DEADLINE:g} s"
    if answer is None:
        return Verification(0, float("inf"), float("inf"), 0.0, False, METHOD.format(rtol=RTOL, atol=ATOL_SCALE), problem)
    return Verification(**answer)


def verify_in_process(request: Mapping[str, Any]) -> Verification:
    """Run the lowered model on every feed in this process and compare."""
    from graphfix.ir.io import load_model
    from graphfix.verify.runtime import session

    rtol, atol = request["rtol"], request["atol"]
    method = METHOD.format(rtol=RTOL if rtol is None else rtol, atol=ATOL_SCALE if atol is None else atol)
    worst, count = Difference(), 0
    with contextlib.ExitStack() as stack:
        try:
            loaded = stack.enter_context(session(load_model(request["model"])))
        except Exception as error:
            message = " ".join(str(error).split())[:300]
            return Verification(0, float("inf"), float("inf"), 0.0, False, method, f"onnxruntime cannot load it: {message}")
        names = [output.name for output in loaded.get_outputs()]
        types = {value.name: value.type for value in loaded.get_inputs()}
        arrays = stack.enter_context(np.load(request["feeds"], allow_pickle=False))
        for number, label in enumerate(request["labels"]):
            prefix = f"{number}/in/"
            feed = {key[len(prefix) :]: arrays[key] for key in arrays.files if key.startswith(prefix)}
            wanted = [arrays[f"{number}/out/{i}"] for i in range(sum(k.startswith(f"{number}/out/") for k in arrays.files))]
            difference = _run(
                loaded, {name: _cast(array, types[name]) for name, array in feed.items()}, names, wanted, (rtol, atol)
            )
            if difference.reason is not None and worst.reason is None:
                difference = dataclasses.replace(difference, reason=f"on {label}: {difference.reason}")
            worst, count = worst.worse(difference), count + 1
    return worst.verdict(count, method)


def _run(loaded: Any, feed: Mapping[str, Any], names: Sequence[str], wanted: Sequence[Any], limits: Any) -> Difference:
    """Run the model on one feed and return the largest difference from the wanted outputs."""
    try:
        got = loaded.run(None, feed)
    except Exception as error:
        return Difference(float("inf"), float("inf"), 0.0, f"onnxruntime fails: {' '.join(str(error).split())[:300]}")
    return compare_outputs(wanted, got, names, rtol=limits[0], atol=limits[1])


def compare_outputs(
    wanted: Sequence[Any], got: Sequence[Any], names: Sequence[str] = (), *, rtol: float | None, atol: float | None
) -> Difference:
    """Return the largest difference of a model's outputs from the framework's, called by `names` or by their numbers."""
    if len(got) != len(wanted):
        return Difference(float("inf"), float("inf"), 0.0, f"the framework gives {len(wanted)} outputs, the model {len(got)}")
    worst = Difference()
    called = names or [f"output {at}" for at in range(len(wanted))]
    for name, want, have in zip(called, wanted, got, strict=True):
        have = np.asarray(have)
        if str(have.dtype) == "bfloat16":
            have = have.astype(np.float32)
        worst = worst.worse(compare(name, want, have, _tolerance(want, have, rtol, atol)))
    return worst


def _tolerance(want: Any, have: Any, rtol: float | None, atol: float | None) -> Tolerance:
    """Return the tolerance for one output: the one given, else the default for its dtype and scale."""
    usual = (
        (FLOAT16_TOLERANCE, FLOAT16_TOLERANCE)
        if want.dtype == np.float16 or str(have.dtype) == "bfloat16"
        else (RTOL, ATOL_SCALE)
    )
    finite = np.abs(want[np.isfinite(want)]) if want.dtype.kind in "fc" else np.zeros(0)
    scale = float(finite.max()) if finite.size else 0.0
    return Tolerance(usual[0] if rtol is None else rtol, usual[1] * scale if atol is None else atol)


def _cast(array: Any, kind: str) -> Any:
    """Return an array in the model's input type where numpy has no such type, as for bfloat16."""
    if kind == "tensor(bfloat16)":
        import ml_dtypes

        return array.astype(ml_dtypes.bfloat16)
    return array


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(verify_in_process(json.loads(Path(sys.argv[1]).read_text())))))
