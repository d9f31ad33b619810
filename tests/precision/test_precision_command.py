"""`graphfix precision` and `graphfix fix --precision`: their reports, exit codes and errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.cli.app import main

from .planted import PLANTED

SOFTMAX = PLANTED[0]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A softmax that overflows float16, with its inputs beside it."""
    path = tmp_path / "model.onnx"
    onnx.save(SOFTMAX.model, path)
    np.savez(tmp_path / "data.npz", x=np.concatenate([feed["x"] for feed in SOFTMAX.feeds]))
    return path


def test_the_report_names_the_node_and_what_to_do(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["precision", str(model), "--isolated", "--target", "coreml", "--data", str(model.with_name("data.npz"))]
    assert main(words) == 1
    text = capsys.readouterr().out
    assert "computes in float16" in text
    assert "2 inputs" in text
    assert "overflow  `Exp`" in text
    assert 'compute_precision="fp32"' in text
    assert "quotient-to-softmax" in text
    assert "with this rewrite the SNR is" in text


def test_the_report_in_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["precision", str(model), "--isolated", "--target", "coreml,tract,tensorrt", "--output-format", "json"]
    code = main([*words, "--data", str(model.with_name("data.npz"))])
    found = json.loads(capsys.readouterr().out)["precision"]
    assert code == 1
    assert [one["precision"] for one in found] == ["float16", "float32", "tf32"]
    first = found[0]
    assert first["outputs"][0]["lost"] > 0
    assert first["nodes"][0]["kind"] == "overflow"
    assert first["nodes"][0]["node"] == "e"
    assert first["rewrites"][0]["name"] == "quotient-to-softmax"
    assert first["after_rewrites"][0]["lost"] == 0
    assert first["setting"]
    assert found[1]["outputs"] == []


def test_another_precision_may_be_asked_for(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precision", str(model), "--isolated", "--target", "tract", "--in", "bfloat16"]) == 0
    text = capsys.readouterr().out
    assert "computes in bfloat16" in text
    assert "not measured here" in text


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--in", "float8"], "no precision is called `float8`"),
        (["--output-format", "sarif"], "no format is called `sarif`"),
    ],
)
def test_wrong_words_of_precision(model: Path, words: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["precision", str(model), "--isolated", "--target", "tract", *words]) == 2
    assert part in capsys.readouterr().err


def test_fix_converts_within_a_budget(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = model.with_name("out.onnx")
    words = ["fix", str(model), "--isolated", "--target", "openvino", "--precision", "mixed", "--budget", "snr=45dB"]
    assert main([*words, "--data", str(model.with_name("data.npz")), "-o", str(out), "--output-format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["whole"][0]["lost"] > 0
    assert found["outputs"][0]["snr_db"] >= 45
    assert found["rewrites"][0]["name"] == "quotient-to-softmax"
    assert found["runs"]
    made = onnx.load(out)
    onnx.checker.check_model(made, full_check=True)
    assert any(node.op_type == "Softmax" for node in made.graph.node)
    assert main([*words, "-o", str(out), "--force"]) == 0
    text = capsys.readouterr().out
    assert "budget: snr=45dB" in text
    assert "MiB before" in text


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--precision", "float8", "-o", "o.onnx"], "no precision is called `float8`"),
        (["--precision", "float16", "--in-place"], "writes a new model"),
        (["--precision", "float16", "-o", "o.onnx", "--rewrite", "simplify"], "--rewrite does not go with --precision"),
        (["--precision", "float16", "-o", "o.onnx", "--budget", "little"], "is no budget"),
        (["--budget", "snr=3dB", "-o", "o.onnx"], "--budget bounds the error of --precision"),
        (["--precision", "bfloat16", "-o", "o.onnx", "--target", "tract"], "supports no bfloat16 form"),
    ],
)
def test_wrong_words_of_fix(model: Path, words: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", str(model), "--isolated", "--target", "tract", *words]) == 2
    assert part in capsys.readouterr().err
    assert not Path("o.onnx").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: np.where(x > x.mean(), np.nan, x), "the data for `x` holds NaN or infinite values"),
        (lambda x: x[:0], "the data for `x` holds no numbers"),
    ],
)
def test_data_that_tell_nothing_are_refused(
    model: Path, change: Callable[[Any], Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = model.with_name("data.npz")
    with np.load(path) as held:
        np.savez(path, x=change(held["x"]))
    assert main(["precision", str(model), "--isolated", "--target", "coreml", "--data", str(path)]) == 2
    assert said in capsys.readouterr().err
    path.write_bytes(path.read_bytes()[:-20])
    assert main(["precision", str(model), "--isolated", "--target", "coreml", "--data", str(path)]) == 2
    assert "not an .npz of arrays: damaged" in capsys.readouterr().err
