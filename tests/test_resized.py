"""Losses over scores of computed sizes."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facts import Facts

LOSS = "Y = NegativeLogLikelihoodLoss(r, y)"


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        (f"s = Shape(X) r = Reshape(X, s) {LOSS}", True),
        (f"s = Shape(X) t = Reshape(X, s) r = LogSoftmax<axis = 1>(t) {LOSS}", True),
        (f"s = Constant<value = int64[2] {{3, 5}}>() r = Reshape(X, s) {LOSS}", False),
        (f"r = LogSoftmax<axis = 1>(X) {LOSS}", False),
        ("Y = NegativeLogLikelihoodLoss(X, y)", False),
    ],
)
def test_scores_behind_computed_sizes_are_resized(nodes: str, told: bool) -> None:
    text = f'<ir_version: 8, opset_import: ["": 13]> g (float[3, 5] X, int64[3] y) => (float[] Y) {{ {nodes} }}'
    found = node_facets(Facts.of(parser.parse_model(text)))
    assert [one["resized"] for one in found if "resized" in one] == [told]
