"""Loops whose bodies take constants from outside: which nodes count, and which sources of their operands."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.tables.target_facets import applies_to_target, facets_for_target

WEIGHT = "float[2,2] w = {1, 2, 3, 4}"


def borrows(body: str, *, weights: str = WEIGHT, before: str = "", inputs: str = "") -> object:
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2,2] x, int64 n{inputs}) => (float[2,2] y) <{weights}> {{
      {before} c = Constant<value = bool {{1}}>()
      y = Loop<body = b (int64 i, bool k, float[2,2] h) => (bool q, float[2,2] o) {{ {body} q = Identity(k) }}>(n, c, x) }}"""
    (loop,) = [node for node in Facts.of(onnx.parser.parse_model(text)).nodes if node.op == "Loop"]
    return facets(loop)["borrows"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("o = MatMul(h, w)", "product"),
        ("v = Constant<value = float[2,2] {1.0, 2.0, 3.0, 4.0}>() o = MatMul(h, v)", "none"),
        ("o = MatMul(h, h)", "none"),
        ("o = Add(h, w)", "none"),
        ("o = PRelu(h, w)", "operand"),
    ],
)
def test_only_constants_outside_that_a_converter_reads_count(body: str, found: str) -> None:
    assert borrows(body) == found


def test_constant_nodes_and_folded_values_count_and_inputs_do_not() -> None:
    assert borrows("o = Reshape(h, s)", before="s = Constant<value = int64[2] {2, 2}>()") == "operand"
    assert borrows("o = MatMul(h, v)", before="v = Add(w, w)") == "product"
    assert borrows("o = MatMul(h, v)", inputs=", float[2,2] v") == "none"


def test_it_is_a_matter_of_one_target() -> None:
    assert facets_for_target("tract", {"borrows": "product", "V": "float32"}) == {"V": "float32"}
    assert facets_for_target("tflite", {"borrows": "product"}) == {"borrows": "product"}
    assert applies_to_target("tflite", ("borrows",))
    assert not applies_to_target("openvino", ("borrows",))
