"""GF210: operands that contradict each other are told once, for every target, and only where no input lets the node run."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.linter.engine import lint_model
from graphfix.linter.example import Example

TARGETS = ("tract", "openvino", "tensorrt")
LSTM = "y = LSTM<hidden_size = 2>(x, w, r)"


def codes(model: Example) -> list[list[str]]:
    return [
        [finding.code for finding in result.findings if finding.severity == "error"]
        for result in lint_model(model.model, TARGETS)
    ]


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ("y = Add(x, z)", "float[2, 3] x, float[2, 4] z"),
        ("y = MatMul(x, z)", "float[n, 3] x, float[4, 5] z"),
        ("y = Concat<axis = 0>(x, z)", "float[2, 3] x, float[2, 4] z"),
        (LSTM, "float[5, 1, 3] x, float[1, 8, 3] w, float[1, 8, 1] r"),
        (LSTM, "float[5, 1, 3] x, float[1, 12, 3] w, float[1, 8, 2] r"),
    ],
)
def test_a_contradiction_is_one_error_for_each_target(body: str, inputs: str) -> None:
    assert codes(Example(body, inputs=inputs, outputs="float[] y")) == [["GF210"]] * len(TARGETS)


@pytest.mark.parametrize(
    ("body", "inputs"),
    [
        ("y = Add(x, z)", "float[2, 3] x, float[2, 1] z"),
        ("y = Add(x, z)", "float[n, 3] x, float[m, 3] z"),
        ("y = MatMul(x, z)", "float[2, k] x, float[4, 5] z"),
        (LSTM, "float[5, 1, 3] x, float[1, 8, 3] w, float[1, 8, 2] r"),
    ],
)
def test_sizes_that_fit_or_are_dynamic_are_no_contradiction(body: str, inputs: str) -> None:
    assert ["GF210"] not in codes(Example(body, inputs=inputs, outputs="float[] y"))


def test_the_last_part_of_a_split_may_be_smaller_since_opset_18() -> None:
    model = Example("y, z = Split<num_outputs = 2>(x)", inputs="float[7] x", outputs="float[a] y", opset=18).model
    assert facets(Facts.of(model).nodes[0])["conflict"] == "none"


def test_a_branch_that_may_never_be_taken_is_not_judged() -> None:
    body = """y = If(c) <then_branch = a () => (float[2, 3] p) { p = Identity(x) },
                         else_branch = b () => (float[2, 3] q) { q = Add(x, z) }>"""
    model = Example(body, inputs="bool c, float[2, 3] x, float[2, 4] z", outputs="float[2, 3] y")
    assert all("GF210" not in found for found in codes(model))
