"""What pnnx removes, computes ahead and merges before ncnn sees it, and which forms of a node it knows."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.linter.engine import judge
from graphfix.tables.target_facets import facets_for_target

HEAD = (
    '<ir_version: 10, opset_import: ["": 21]> g (float[2,3,4,5] X) => ({outputs}) <float c = {{1}}, int64[1] last = {{-1}}, '
    "int64[1] inner = {{1}}, int64[6] six = {{2, 3, 2, 2, 5, 1}}, int64[2] two = {{6, 20}}> {{ {body} }}"
)
NODES = [
    ("returns", "a = Identity(X) Y = Relu(a)", "Y", 0, "inside", "accepted"),
    ("returns", "a = Relu(X) Y = Identity(a)", "Y", 1, "inside", "accepted"),
    ("returns", "Y = Identity(X)", "Y", 0, "input", "rejected"),
    ("returns", "a = Identity(X) Y = Dropout(a)", "Y", 0, "input", "rejected"),
    ("returns", "Y = Relu(X) Z = Dropout(Y)", "Y, Z", 1, "twice", "rejected"),
    ("returns", "Y = Relu(X) Z = Identity(Y)", "Y, Z", 1, "twice", "rejected"),
    ("converts", "d = CastLike(c, X) Y = Mul(X, d)", "Y", 0, "constant", "accepted"),
    ("converts", "d = CastLike(X, X) Y = Relu(d)", "Y", 0, "data", "rejected"),
    ("fifth", "Y = Unsqueeze(X, last)", "Y", 0, True, "rejected"),
    ("fifth", "Y = Unsqueeze(X, inner)", "Y", 0, False, "accepted"),
    ("saturation", "Y = Cast<to = 6, saturate = 1>(X)", "Y", 0, "stated", "accepted"),
    ("saturation", "Y = Cast<to = 6>(X)", "Y", 0, "unstated", "rejected"),
    ("rewritten", "a = Reshape(X, six) Y = Reshape(a, two)", "Y", 0, True, "accepted"),
    ("rewritten", "a = Reshape(X, six) Y = Reshape(a, two) Z = Relu(a)", "Y, Z", 0, False, "rejected"),
    ("rewritten", "a = Reshape(X, six) Y = Reshape(a, two)", "Y, a", 0, False, "rejected"),
]
"""A facet, nodes, the outputs, the position of the node with the facet, its value, and what ncnn says."""


@pytest.mark.parametrize(("facet", "body", "outputs", "at", "value", "verdict"), NODES)
def test_what_decides_about_a_node_on_ncnn(facet: str, body: str, outputs: str, at: int, value: str | bool, verdict: str) -> None:
    made = ", ".join(f"float[] {name}" for name in outputs.split(", "))
    model = parser.parse_model(HEAD.format(outputs=made.replace("float", "int32") if "to = 6" in body else made, body=body))
    found = facets(Facts.of(model).nodes[at])
    assert found[facet] == value
    assert facet not in facets_for_target("tract", found)
    (result,) = judge(model, ["ncnn"])
    assert result.verdict == verdict
