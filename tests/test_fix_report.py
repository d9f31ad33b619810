"""The report of fix: sizes before and after, the output's own name, nothing to change, and each reason once."""

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
from graphfix.report.changes import render_changes, render_why
from graphfix.report.page import Page
from graphfix.report.sizes import render_sizes

Write = Callable[..., Path]


def fix(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, str]:
    out = path.parent / "out.onnx"
    code = main(["fix", str(path), "-t", "demo", "-o", str(out), "--force", "--isolated", *more])
    return code, capsys.readouterr().out


def layered(path: Path, dims: str) -> Path:
    """A model of a product and an operator that the demo rejects."""
    text = f'<ir_version: 8, opset_import: ["" : 18]> g (float[{dims}] x) => (float[{dims}] y) {{ h = Gemm(x, w) y = Mish(h) }}'
    model = onnx.parser.parse_model(text)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((3, 3), np.float32), "w"))
    onnx.save(model, path)
    return path


@pytest.mark.usefixtures("demo")
def test_the_sizes_before_and_after_are_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = layered(tmp_path / "model.onnx", "2,3")
    code, out = fix(capsys, path)
    assert code == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith(" " * 12) and line.strip()}
    assert rows["before"] == ["after"]
    assert rows["nodes"] == ["2", "4"]
    assert rows["operators"] == ["2", "kinds", "4", "kinds"]
    assert (rows["Mish"], rows["Tanh"]) == (["1", "0"], ["0", "1"])
    assert "Gemm" not in rows
    assert rows["parameters"] == ["36", "B", "36", "B"]
    assert rows["MACs"][0] == rows["MACs"][1] == "18"
    assert rows["file"] == [str(path.stat().st_size), "B", str((tmp_path / "out.onnx").stat().st_size), "B"]
    assert f"\n{tmp_path / 'out.onnx'}: undecided by demo 1.0" in out
    assert f"{path}: " not in out


@pytest.mark.usefixtures("demo")
def test_the_json_has_both_sizes_at_the_same_trial_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = fix(capsys, layered(tmp_path / "model.onnx", "N,3"), "--output-format", "json")
    (result,) = json.loads(out)["results"]
    before, after = result["before"], result["after"]
    (batch, three) = before["macs_at"]["x"]
    assert (three, before["macs_at"]) == (3, after["macs_at"])
    assert before["macs"] == after["macs"] == batch * 9
    assert before["operators"] == {"Gemm": 1, "Mish": 1}
    assert after["file_bytes"] == (tmp_path / "out.onnx").stat().st_size
    assert result["model"] == str(tmp_path / "model.onnx")


@pytest.mark.usefixtures("demo")
def test_a_model_that_needs_nothing_is_said_to_need_nothing(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = fix(capsys, write(Example("y = Relu(x)")))
    assert code == 0
    assert out.startswith("  nothing to change\n")
    assert "before" not in out


def result_with(*changes: tuple[str, str, str]) -> Result:
    rows = [{"rewrite": r, "safety": "exact", "node": n, "applied": False, "declined": why} for r, n, why in changes]
    return Result("m", "demo", "1", changes=rows)


def test_an_error_of_the_runtime_is_told_once_for_all_rewrites() -> None:
    broken = "withdrawn: onnxruntime cannot run the original: no such kernel"
    out = io.StringIO()
    render_changes(result_with(("a", "x", broken), ("a", "y", broken), ("b", "z", broken), ("c", "z", "too wide")), out)
    assert out.getvalue().count("no such kernel") == 1
    assert f"a, b: {broken}" in out.getvalue()
    assert "c: too wide" in out.getvalue()
    assert out.getvalue().startswith("  nothing to change: no rewrite that was tried could be kept\n")


def test_a_reason_that_targets_share_is_told_once() -> None:
    def why(target: str, *declined: tuple[str, str]) -> dict[str, Any]:
        rows = [{"rewrite": rewrite, "reason": reason} for rewrite, reason in declined]
        return {"target": target, "code": "GF101", "op": "Mish", "nodes": ["y"], "declined": rows, "advice": "write it otherwise"}

    one = Result("m", "one", "1", why=[why("one", ("a", "too wide"), ("b", "too deep"))])
    two = Result("m", "two", "1", why=[why("two", ("a", "too wide"), ("c", "too deep"))])
    out = io.StringIO()
    render_why([one, two], out)
    assert out.getvalue().count("a: too wide") == 1
    assert out.getvalue().count("too deep") == 2
    assert "and 1 declined for the reasons above" in out.getvalue()


def test_numbers_are_shown_in_units_and_what_is_not_known_as_such() -> None:
    def size(scale: int, operators: dict[str, int], macs: int | None) -> dict[str, Any]:
        return {"nodes": 1000 * scale, "operators": operators, "parameter_bytes": 999_999 * scale, "macs": macs, "macs_at": None,
                "file_bytes": 1_234_567_890 * scale}  # fmt: skip

    out = io.StringIO()
    many = {f"Op{i}": i + 1 for i in range(12)}
    render_sizes(Page(out), size(1, {}, None), size(2, many, 5_000_000_000))
    rows = [line.split() for line in out.getvalue().splitlines()]
    assert ["nodes", "1,000", "2,000"] in rows
    assert ["parameters", "1e+03", "kB", "2", "MB"] not in rows
    assert ["parameters", "1", "MB", "2", "MB"] in rows
    assert ["MACs", "n/a", "5", "G"] in rows
    assert ["file", "1.23", "GB", "2.47", "GB"] in rows
    assert ["and", "4", "more"] in rows
