"""fix on the command line: why something stays, the compilers' own word, interface changes, and what it cost."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.cli.app import main
from graphfix.linter.diagnostics import Result
from graphfix.linter.example import Example
from graphfix.report.changes import render_changes

Write = Callable[..., Path]
BAD = Example("[bad_relu] y = Relu(x)")


def fixed(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one result of `graphfix fix ... --output-format json`."""
    out = path.parent / "out.onnx"
    code = main(["fix", str(path), "-t", "demo", "-o", str(out), "--force", "--isolated", "--output-format", "json", *more])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return code, result


@pytest.mark.usefixtures("demo")
def test_why_is_in_the_json_only_when_asked(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Mish(x)", outputs="float[2,3] y", inputs="float[2,3] x"))
    _, plain = fixed(capsys, path)
    assert "why" not in plain
    _, told = fixed(capsys, path, "--why")
    assert isinstance(told["why"], list)
    counting = {f["code"] for f in told["findings"] if f["severity"] != "note"}
    assert {entry["code"] for entry in told["why"]} == counting - {"GF403"}  # a slow node is taken, and nothing is to be mended
    assert all(entry["advice"] for entry in told["why"])


@pytest.mark.usefixtures("picky")
def test_the_compilers_word_is_in_the_result(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(BAD)
    code, result = fixed(capsys, path, "--confirm", "--why")
    assert code == 1
    assert result["compiler"]["accepted"] is False
    assert "GF111" in [finding["code"] for finding in result["findings"]]
    assert result["why"]


@pytest.mark.usefixtures("picky")
def test_what_the_compiler_takes_is_left_alone(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = fixed(capsys, write(Example("y = Relu(x)")), "--confirm")
    assert code == 0
    assert result["compiler"]["accepted"] is True
    assert result["changes"] == []


@pytest.mark.usefixtures("demo")
def test_the_interface_changes_by_name(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Relu(x)", inputs="float[1,3,4,4] x", outputs="float[1,3,4,4] y"))
    code, result = fixed(capsys, path, "--input-layout", "nhwc", "--input-dtype", "uint8", "--normalize", "127.5,127.5")
    assert code in (0, 1)
    assert {(c["rewrite"], c["safety"]) for c in result["changes"]} >= {
        ("switch-layout", "interface"), ("preprocess-input", "interface")}  # fmt: skip
    (info,) = onnx.load(path.parent / "out.onnx").graph.input
    assert [d.dim_value for d in info.type.tensor_type.shape.dim] == [1, 4, 4, 3]
    assert info.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert result["verification"]["passed"]
    assert result["verification"]["outputs"]["y"]["max_abs"] == 0.0
    assert result["verification"]["controls"] == result["verification"]["caught"] == 1


def test_the_cost_of_a_rewrite_is_shown_output_by_output() -> None:
    row = {"max_abs": 0.01, "mean_abs": 0.001, "cosine": 0.999, "snr_db": 31.5, "top1": 0.75}
    result = Result("m.onnx", "demo", "1", changes=[])
    result.verification = {"inputs": 1, "method": "m", "max_abs_error": 0.01, "max_rel_error": 0.1, "outputs": {"y": row},
                           "controls": 2, "caught": 2, "blind": ("z",)}  # fmt: skip
    out = io.StringIO()
    render_changes(result, out)
    text = out.getvalue()
    assert "31.5 dB" in text
    assert "75.0%" in text
    assert "self-check: 2 of 2 deliberately wrong outputs were detected" in text
    assert "`z` is the same on all of these inputs" in text


@pytest.mark.usefixtures("demo")
def test_the_given_data_is_what_is_measured(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example("y = Relu(x)", inputs="float[2,3] x, float[2,3] z", outputs="float[2,3] y"))
    data = path.parent / "data.npz"
    np.savez(data, x=np.full((2, 3), -1, np.float32), z=np.ones((2, 3), np.float32))
    _, found = fixed(capsys, path, "--drop-unused", "--data", str(data))
    assert found["verification"]["passed"]
    assert found["verification"]["inputs"] == 1
    assert "given data" in found["verification"]["method"]
    assert list(found["verification"]["outputs"]) == ["y"]
