"""The main job on a published model: rejected as it is, fixed, taken by the compilers, with the same numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import graphfix
from graphfix.backends.base import available
from graphfix.backends.connect import open_backend
from graphfix.ir.io import save_model

ROOT = Path(__file__).parent.parent
USE = {"shapes": {"input": [1, 576], "state": [2, 1, 128]}, "values": {"sr": 16000}}
pytestmark = [pytest.mark.compiler, pytest.mark.slow]


@pytest.fixture(scope="module")
def speech() -> Path:
    """The path of the published model; the test is skipped where its package cannot be fetched."""
    command = [sys.executable, str(ROOT / "fixtures" / "demo" / "fetch.py"), "silero_vad"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"the model cannot be fetched: {run.stderr[-200:]}")
    return Path(run.stdout.split()[-1])


@pytest.fixture(scope="module")
def fixed(speech: Path) -> graphfix.Fixed:
    """The model fixed for one sample rate."""
    return graphfix.fix(speech, ["openvino", "tract", "tensorrt", "coreml"], **USE)


def test_the_published_model_is_said_to_be_rejected_and_why(speech: Path) -> None:
    report = graphfix.lint(speech, ["openvino", "tract", "tensorrt", "coreml"])
    verdicts = {result.target: result.verdict for result in report.results}
    assert [verdicts[target] for target in ("openvino", "tract", "coreml")] == ["rejected"] * 3
    assert verdicts["tensorrt"] in ("rejected", "undecided")  # probes disagree about an LSTM in a branch taken at run time
    assert any("all 25 If nodes depend on input `sr`" in f.message and "--set sr=16000" in f.message for f in report.findings)


def test_the_fixed_model_has_no_control_flow_and_the_same_numbers(fixed: graphfix.Fixed) -> None:
    assert fixed.verification.passed
    assert fixed.verification.max_abs_error < 1e-5
    assert not {node.op_type for node in fixed.model.graph.node} & {"If", "Loop", "Scan"}
    assert [value.name for value in fixed.model.graph.input] == ["input", "state"]


@pytest.mark.parametrize("target", ["openvino", "tract", "tensorrt", "coreml"])
def test_the_real_compiler_takes_the_fixed_model_as_predicted(target: str, fixed: graphfix.Fixed, tmp_path: Path) -> None:
    if available(target) is None:
        pytest.skip(f"{target} is not installed")
    save_model(fixed.model, tmp_path / "fixed.onnx")
    with open_backend(target) as session:
        verdict = session.ask(tmp_path / "fixed.onnx")
    assert verdict.accepted, verdict.message
    assert graphfix.lint(fixed.model, [target]).verdict == "accepted"
