"""The bounds of dynamic dims that a verdict of a compiler that builds for them is about."""

from __future__ import annotations

import io
import json
from pathlib import Path

import onnx
import pytest

import graphfix
from graphfix.cli.app import main
from graphfix.linter.engine import lint_model
from graphfix.linter.example import Example
from graphfix.report.profiles import profile_line

TAKES = Example("v, y = TopK (x, k)", inputs="float[n] x", weights="int64[1] k = {10}", outputs="int64 y, float v").model


def ranged(dims: str) -> graphfix.Report:
    """The report on TopK(10) for TensorRT where its input has these dims."""
    return graphfix.lint(TAKES, "tensorrt", shapes={"x": dims})


def test_without_ranges_the_profile_holds_sizes_that_the_graph_makes_possible() -> None:
    result = graphfix.lint(TAKES, "tensorrt").results[0]
    assert result.verdict == "accepted"
    assert result.profile is not None
    assert not result.profile["given"]
    assert result.profile["shapes"]["x"]["opt"][0] >= 10


def test_without_ranges_the_sizes_of_images_are_some_at_which_the_graph_runs() -> None:
    model = Example(
        "a = AveragePool <kernel_shape = [56, 1], strides = [56, 1]> (x)\nb = ReduceMean <axes = [2]> (a)\n"
        "y = Concat <axis = 1> (a, b)",
        inputs="float[n,3,h,w] x", outputs="float y", opset=13,
    ).model  # fmt: skip
    (result,) = graphfix.lint(model, "tensorrt").results
    assert result.profile is not None
    assert result.profile["shapes"]["x"]["opt"] == [1, 3, 56, 224]


def test_bounds_of_one_symbol_hold_for_every_input_that_has_it() -> None:
    model = Example("y = Add(x, v)", inputs="float[n,3] x, float[n,3] v").model
    result = graphfix.lint(model, "tensorrt", shapes={"x": ["2..4..8", 3]}).results[0]
    assert result.profile == {
        "given": True,
        "shapes": {name: {"min": [2, 3], "opt": [4, 3], "max": [8, 3]} for name in ("x", "v")},
    }


@pytest.mark.parametrize(("dims", "verdict"), [("1..8", "rejected"), ("1..5..64", "rejected"), ("1..20..64", "accepted")])
def test_a_model_is_judged_at_the_sizes_that_the_compiler_tunes_for(dims: str, verdict: str) -> None:
    result = ranged(dims).results[0]
    assert result.verdict == verdict
    assert [finding.code for finding in result.findings] == (["GF106"] if verdict == "rejected" else [])


def test_a_limit_counts_at_the_usual_size_and_not_at_the_greatest() -> None:
    model = Example("s = Shape (x)\nv, y = TopK (x, s)", inputs="float[n] x", outputs="int64 y, float v").model
    verdicts = [graphfix.lint(model, "tensorrt", shapes={"x": dims}).results[0].verdict for dims in ("1..9..5000", "4000..4000")]
    assert verdicts == ["accepted", "rejected"]


def test_a_graph_that_does_not_run_at_the_usual_size_is_rejected() -> None:
    model = Example("y = Reshape(x, s)", inputs="float[n,3] x", weights="int64[2] s = {2, -1}").model
    result = graphfix.lint(model, "tensorrt", shapes={"x": ["1..3", 3]}).results[0]
    assert "(x=3x3), and the graph does not run there" in result.findings[0].message
    assert graphfix.lint(model, "tensorrt", shapes={"x": ["1..4", 3]}).results[0].verdict == "accepted"


def test_other_compilers_and_fixed_dims_have_no_profile() -> None:
    fixed = Example("y = Relu(x)", inputs="float[2,3] x").model
    moving = Example("y = Relu(x)", inputs="float[n,3] x").model
    assert [result.profile for result in lint_model(fixed, ["tensorrt", "tract"])] == [None, None]
    found = graphfix.lint(moving, ["tensorrt", "tract"], shapes={"x": ["1..4", 3]})
    assert [result.profile is not None for result in found.results] == [True, False]
    assert found.results[1].verdict == "accepted"  # the dim stays dynamic


def test_the_command_prints_the_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.onnx"
    onnx.save(TAKES, path)
    assert main(["lint", str(path), "--target", "tensorrt", "--shape", "x=1..20..64", "--isolated"]) == 0
    assert "  profile x=1..64, tuned for x=20\n" in capsys.readouterr().out
    main(["lint", str(path), "--target", "tensorrt", "--shape", "x=1..20..64", "--isolated", "--output-format", "json"])
    result = json.load(io.StringIO(capsys.readouterr().out))["results"][0]
    assert result["profile"] == {"given": True, "shapes": {"x": {"min": [1], "opt": [20], "max": [64]}}}


def test_the_line_names_a_few_inputs() -> None:
    shapes = {name: {"min": [1], "opt": [1], "max": [1]} for name in "abcde"}
    assert profile_line({"given": True, "shapes": shapes}) == "profile a=1, b=1, c=1 and 2 more"


@pytest.mark.parametrize("command", ["lint", "ci"])
def test_bounds_in_the_settings_hold_for_every_command(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(TAKES, "top.onnx")
    for usual, code in ((5, 1), (20, 0)):
        Path("graphfix.toml").write_text(f'targets = ["tensorrt"]\nshapes = {{ x = ["1..{usual}..64"] }}\n')
        assert main([command, "top.onnx"]) == code, capsys.readouterr()
