"""Folding agrees with onnxruntime on the operators it knows, and gives up rather than guess."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from graphfix.example import Example
from graphfix.facts import Facts
from graphfix.folding import LIMIT, fold

WEIGHTS = (
    "int64[4] v = {7, -3, 0, 2}, int64[2,2] m = {1, -2, 3, 4}, float[3] f = {1.5, -2.5, 2.5}, int64 one = {1}, int64 two = {2}, "
    "int64[1] z = {0}, int64[1] last = {-1}, int64[1] high = {9223372036854775807}, int64[1] back = {-1}, int64[2] s = {2, 2}, "
    "bool[2] b = {1, 0}, int64[2] p = {5, 6}, int64[2] q = {7, 5}, int64 four = {4}"
)
CASES = {
    "Add": "r = Add(v, one)", "Sub": "r = Sub(v, two)", "Mul": "r = Mul(m, two)", "Div truncates": "r = Div(v, two)",
    "Mod": "r = Mod(v, two)", "Neg": "r = Neg(v)", "Abs": "r = Abs(v)", "Floor": "r = Floor(f)", "Ceil": "r = Ceil(f)",
    "Round half to even": "r = Round(f)", "Cast": "r = Cast<to = 7>(f)", "Gather": "r = Gather(v, two)",
    "Gather negative": "r = Gather<axis = 1>(m, last)", "Slice": "r = Slice(v, z, last)",
    "Slice to the end": "r = Slice(v, z, high)", "Slice backwards": "r = Slice(v, last, lo, z, back)",
    "Concat": "r = Concat<axis = 0>(v, z)", "Squeeze": "r = Squeeze(z)", "Unsqueeze": "r = Unsqueeze(v, z)",
    "Reshape": "r = Reshape(v, s)", "Transpose": "r = Transpose(m)", "Range": "r = Range(one, four, one)",
    "Expand": "r = Expand(z, s)", "Tile": "r = Tile(z, two1)", "Min": "r = Min(v, one)", "Max": "r = Max(v, one, two)",
    "Equal": "r = Equal(v, two)", "Greater": "r = Greater(v, one)", "Less": "r = Less(v, one)", "Not": "r = Not(b)",
    "Where": "r = Where(b, p, q)", "ReduceProd": "r = ReduceProd<keepdims = 0>(m)", "ReduceSum": "r = ReduceSum(m, z)",
    "ConstantOfShape": "r = ConstantOfShape(s)", "Identity": "r = Identity(v)", "Pow": "r = Pow(v, two)",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_folding_agrees_with_onnxruntime(name: str) -> None:
    weights = WEIGHTS + ", int64[1] two1 = {2}, int64[1] lo = {-9223372036854775807}"
    floats = any(word in CASES[name] for word in ("Floor", "Ceil", "Round", "ConstantOfShape"))
    kind = "bool" if any(word in CASES[name] for word in ("Equal", "Greater", "Less", "Not")) else "float" if floats else "int64"
    model = Example(CASES[name], inputs="float x", outputs=f"{kind} r", weights=weights).model
    (expected,) = ort.InferenceSession(model.SerializeToString()).run(None, {"x": np.zeros((), np.float32)})
    found = Facts.of(model).value("r")
    assert found is not None
    assert found.constant is not None, "not folded"
    np.testing.assert_array_equal(found.constant, expected)
    assert found.constant.dtype == expected.dtype


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        ("r = ConstantOfShape(s)", f"int64[1] s = {{{LIMIT + 1}}}"),
        ("r = Reshape(v, s)", "int64[3] v = {1, 2, 3}, int64[1] s = {2}"),
        ("r = Cos(v)", "float[1] v = {1.0}"),
    ],
    ids=["too large", "impossible", "not shape arithmetic"],
)
def test_what_cannot_be_folded_is_left_alone(nodes: str, weights: str) -> None:
    found = Facts.of(Example(nodes, inputs="float x", outputs="float r", weights=weights).model).value("r")
    assert found is not None
    assert found.constant is None


def test_an_operator_of_another_domain_is_never_folded() -> None:
    node = Example("r = example.Add(x, x)").model.graph.node[0]
    assert fold(node, [np.ones(1), np.ones(1)]) is None
