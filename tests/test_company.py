"""Filled tensors beside other operands."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facts import Facts

SIZES = "s = Constant<value = int64[2] {3, 4}>()"


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ("f = ConstantOfShape(s) Y = MatMul(X, f)", True),
        ("f = ConstantOfShape(s) g = Neg(f) Y = MatMul(X, g)", True),
        ("f = ConstantOfShape(s) g = EyeLike(f) Y = MatMul(X, g)", True),
        ("f = ConstantOfShape(s) g = EyeLike<dtype = 1>(f) Y = MatMul(X, g)", False),
        ("Y = ConstantOfShape(s)", False),
        ("f = ConstantOfShape(s) Y = Neg(f)", False),
        ("f = ConstantOfShape(s) Y = MatMul(f, f)", False),
        ("f = ConstantOfShape<value = float[1] {0}>(s) Y = MatMul(X, f)", False),
    ],
)
def test_a_default_is_accompanied_where_another_operand_shares_its_dtype(nodes: str, told: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[2, 3] X) => (float[2, 4] Y) {{ {SIZES} {nodes} }}'
    found = node_facets(Facts.of(parser.parse_model(text)))
    assert [one["accompanied"] for one in found if "accompanied" in one] == [told]
