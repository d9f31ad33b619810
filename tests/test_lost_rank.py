"""Ranks that plain shape inference loses behind products of data reshaped by old targets."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts

HEAD = """<ir_version: 7, opset_import: ["": {opset}]> g (float[n, 4, 1, 1] x) => (float[p, q] y)
  <float[4, 2] w = {{1, 2, 3, 4, 5, 6, 7, 8}}, float[2] b = {{1, 2}}, int64[1] zero = {{0}}, int64[1] one = {{1}},
   int64[1] four = {{4}}, int64[2] fixed = {{-1, 4}}> {{
  s = Shape (x) e = Slice (s, zero, one, zero) t = Concat <axis = {joined}> (e, four) {body} }}"""
END = " y = Softmax <axis = 1> (a)"
PRODUCT = "r = Reshape (x, t) m = MatMul (r, w) "


def ranked(body: str, *, joined: int = -1, opset: int = 11) -> object:
    """The facet of the last node."""
    return facets(Facts.of(parser.parse_model(HEAD.format(opset=opset, joined=joined, body=body))).nodes[-1])["ranked"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (PRODUCT + "a = Add (m, b)" + END, "lost"),
        (PRODUCT + "c = Add (m, b) a = Relu (c)" + END, "lost"),
        (PRODUCT + "c = Identity (m) a = Relu (c)" + END, "lost"),
        (PRODUCT + "c = Add (m, b) a = Sigmoid (c)" + END, "known"),
        (PRODUCT.replace("m = ", "a = ") + END, "product"),
        (PRODUCT + "a = Identity (m)" + END, "product"),
        (PRODUCT + "c = Add (m, b) a = Identity (c)" + END, "product"),
        ("r = Reshape (x, t) a = Relu (r)" + END, "known"),
        ("r = Reshape (x, fixed) m = MatMul (r, w) a = Add (m, b)" + END, "known"),
        (PRODUCT + "c = Add (m, b) a = Reshape (c, fixed)" + END, "known"),
    ],
)
def test_a_rank_is_lost_behind_what_follows_a_product(body: str, wanted: str) -> None:
    assert ranked(body) == wanted


@pytest.mark.parametrize(("joined", "opset", "wanted"), [(-1, 13, "lost"), (0, 11, "known"), (-1, 14, "known")])
def test_newer_versions_and_other_axes_are_evaluated(joined: int, opset: int, wanted: str) -> None:
    assert ranked(PRODUCT + "a = Add (m, b)" + END, joined=joined, opset=opset) == wanted


def test_operators_without_an_axis_do_not_have_the_facet() -> None:
    model = parser.parse_model(HEAD.format(opset=11, joined=-1, body=PRODUCT + "a = Add (m, b) y = Relu (a)"))
    assert "ranked" not in facets(Facts.of(model).nodes[-1])
