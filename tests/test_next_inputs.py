"""The next step for inputs that a target rejects as they are: wider dtypes, vectors for scalars, sizes that are numbers."""

from __future__ import annotations

import shlex
from pathlib import Path

import onnx
import pytest

import graphfix
from graphfix.cli.app import main
from graphfix.linter.example import Example

SIGNED = Example("c = Cast<to = 1>(x)\ny = Relu(c)", inputs="int8[2,3] x")
UNSIGNED = Example("c = Cast<to = 7>(x)\ny = Cast<to = 1>(c)", inputs="uint32[2,3] x")
SCALAR = Example("y = Mul(x, s)", inputs="float[2,3] x, float s")
KNOWN = Example("e = Equal(s, k)\nc = Cast<to = 1>(e)\ny = Mul(x, c)", inputs="float[2,3] x, int32 s", weights="int32 k = {7}")
SIZES = Example(
    "n = Cast<to = 7>(size)\nz = Concat<axis = 0>(front, n)\ny = Resize<mode = \"linear\">(x, , , z)",
    inputs="float[1,2,8,8] x, float[2] size", outputs="float[1,2,H,W] y", weights="int64[2] front = {1,2}",
)  # fmt: skip
COUNTED = Example(
    "n = CumSum(ids, one)\nm = Add(n, one)\ny = Gather<axis = 0>(rows, m)",
    inputs="int32[1,time] ids", outputs="float[1,time,2] y",
    weights="int32 one = {1}, float[9,2] rows = {" + ",".join("1" * 18) + "}",
)  # fmt: skip


@pytest.mark.parametrize(
    ("example", "target", "options"),
    [
        (SIGNED, "coreml", ["--input-dtype", "x=int32"]),
        (SCALAR, "coreml", ["--vector-inputs"]),
        (KNOWN, "coreml", ["--set", "s=7"]),
        (SIZES, "tract", ["--set", "size=224,224"]),
        (SIZES, "tensorrt", ["--set", "size=224,224"]),
        (COUNTED, "coreml", ["--shape", "ids=1x7"]),
    ],
)
def test_the_option_for_an_input_is_named_and_does_it(
    example: Example, target: str, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(example.model, "m.onnx")
    (result,) = graphfix.lint("m.onnx", target).results
    assert result.verdict == "rejected"
    assert result.next is not None
    assert result.next.words == options
    assert main(["fix", "m.onnx", "--target", target, *options, "-o", "out.onnx", "--isolated", "--no-confirm"]) == 0
    assert graphfix.lint("out.onnx", target).verdict == "accepted"


def test_a_dtype_that_int32_does_not_hold_is_widened_to_int64() -> None:
    (result,) = graphfix.lint(UNSIGNED.model, "coreml").results
    assert result.next is not None
    assert result.next.words == ["--input-dtype", "x=int64"]


def test_approximate_rewrites_are_named_after_fix_where_they_leave_fewer_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    onnx.save(Example("y = ArgMax<axis = 1>(x)", inputs="double[2,3] x", outputs="int64[2,1] y").model, "m.onnx")
    words = ["fix", "m.onnx", "--target", "tflite", "-o", "out.onnx", "--isolated", "--no-confirm"]
    assert main(words) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "try first" in line]
    again = shlex.split(line)[2:]
    assert again[:2] == ["graphfix", "fix"]
    assert "--allow approximate" in line
    assert main(again[1:]) == 0
