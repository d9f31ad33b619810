"""Models whose nodes contradict their operators, as fuzzing made them: verdicts or one clear error, no failure of our own."""

from __future__ import annotations

import pytest

from graphfix.linter.engine import lint_model
from graphfix.linter.example import Example

TARGETS = ("tract", "tensorrt", "coreml", "openvino", "tflite")
CONTRADICTING = {
    "a Reshape to sizes in float": Example(
        "y = Reshape(x, s)", inputs="float[n, 4] x", weights="float[2] s = {2.5, 4.0}"
    ),
    "a Concat of two ranks": Example(
        "p = Constant<value = float[2] {1.0, 2.0}>()\nz = Concat<axis = 0>(x, p, b)\ny = Relu(z)",
        inputs="float[n, 4] x, float[m] b",
    ),
    "a Split into a number": Example("y = Split<axis = 1>(x, s)", inputs="float[2, n] x", weights="int64 s = {4}"),
    "a Split into no outputs": Example("y = Split<num_outputs = 0>(x)", inputs="float[2, 4] x"),
    "a Reshape to a number": Example(
        "z = Reshape(x, s)\ny = Reshape(z, t)", inputs="float[n, 4] x", weights="int64 s = {4}, int64[2] t = {4, 1}"
    ),
    "an Add of one": Example("z = Add(x)\ny = Relu(z)", inputs="float[n, 4] x"),
    "an Add of three": Example("z = Add(x, x, x)\ny = Reshape(z, s)", inputs="float[n, 4] x", weights="int64[2] s = {2, 4}"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTING)
def test_lint_gives_verdicts(name: str) -> None:
    assert [result.target for result in lint_model(CONTRADICTING[name].model, TARGETS)] == list(TARGETS)
