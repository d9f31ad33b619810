"""Contradictions: operands that rule out that a node can run, found at any depth, never claimed of what is unknown."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.operand_conflicts import contradicts
from graphfix.linter.example import Example

LSTM = "y, h, c = LSTM<hidden_size = 2>(x, w, r)"


@pytest.mark.parametrize(
    ("nodes", "inputs", "weights", "answer"),
    [
        ("y = Squeeze(x, z)", "float[2,3] x", "int64[1] z = {0}", True),
        ("y = Squeeze(x, z)", "float[1,3] x", "int64[1] z = {0}", False),
        ("y = Squeeze(x, z)", "float[n,3] x", "int64[1] z = {0}", False),
        ("y = MatMul(x, w)", "float[2,3] x, float[4,5] w", "", True),
        ("y = MatMul(x, w)", "float[2,3] x, float[3,5] w", "", False),
        ("y = MatMul(x, w)", "float[2,n] x, float[3,5] w", "", False),
        ("y = Conv(x, w)", "float[1,2,8,8] x, float[4,3,3,3] w", "", True),
        ("y = Conv(x, w)", "float[1,2,8] x, float[4,2,3,3] w", "", True),
        ("y = Conv<group = 2>(x, w)", "float[1,4,8,8] x, float[4,2,3,3] w", "", False),
        (LSTM, "float[4,1,1,3] x, float[1,8,3] w, float[1,8,2] r", "", True),
        (LSTM, "float[4,1,3] x, float[1,8,3] w, float[1,8,2] r", "", False),
        ("y = Relu(x)", "float[2,3] x", "", False),
    ],
)
def test_contradiction_is_seen_only_where_sizes_are_known(nodes: str, inputs: str, weights: str, answer: bool) -> None:
    outputs = "float y, float h, float c" if nodes is LSTM else "float y"
    (node,) = Facts.of(Example(nodes, inputs, outputs, weights).model).nodes
    assert contradicts(node) is answer


@pytest.mark.parametrize(("size", "broken"), [(2, "Squeeze"), (1, "none")])
def test_an_if_with_a_branch_that_cannot_run_is_broken(size: int, broken: str) -> None:
    model = Example(
        "y = If(c) <then_branch = a () => (p) { p = Squeeze(x, z) }, else_branch = b () => (q) { q = Identity(x) }>",
        inputs=f"float[{size},3] x, bool c",
        weights="int64[1] z = {0}",
    ).model
    node = Facts.of(model).nodes[-1]
    assert node.broken == broken
    assert facets(node)["broken"] == broken


@pytest.mark.parametrize(
    ("condition", "under"),
    [
        ("c = Constant<value = bool {1}>()", "constant"),
        ("s = Size(x)\nc = Equal(s, six)", "folded"),
        ("c = Identity(b)", "runtime"),
    ],
)
def test_a_layer_in_a_branch_is_under_the_condition(condition: str, under: str) -> None:
    layer = "p, h, d = LSTM<hidden_size = 2>(x, w, r)"
    model = Example(
        f"{condition}\ny = If(c) <then_branch = t () => (p) {{ {layer} }}, else_branch = e () => (q) {{ q = Abs(x) }}>",
        inputs="float[1,2,3] x, float[1,8,3] w, float[1,8,2] r, bool b",
        weights="int64 six = {6}",
    ).model
    (inner,) = [node for node in Facts.of(model).nodes if node.op == "LSTM"]
    assert inner.under == under
    assert facets(inner)["inside"] == under
