"""A constant quantised in the graph beside a dequantised product, as static quantisers write it."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts

HEAD = """<ir_version: 8, opset_import: ["": 17]> g (float[1, 4, 4] x) => (float[1, 4, 4] y)
  <float s = {{0.1}}, int8 z = {{{zero}}}, int8[4, 4] wi = {{1,2,3,4,5,6,7,8,9,8,7,6,5,4,3,2}}, float k = {{2}}> {{
  w = DequantizeLinear (wi, s) kq = QuantizeLinear (k, s, z) c = DequantizeLinear (kq, s, z)
  xq = QuantizeLinear (x, s, z) a = DequantizeLinear (xq, s, z)
  {body}
}}"""
END = " q = QuantizeLinear (p, s, z) d = DequantizeLinear (q, s, z) y = Mul (d, c)"


def dequantised(body: str, zero: int = 0) -> object:
    """The facet of the last node."""
    return facets(Facts.of(parser.parse_model(HEAD.format(body=body, zero=zero))).nodes[-1])["dequantised"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("p = MatMul (a, w)" + END, "symmetric product"),
        ("b = MatMul (a, w) m = Add (b, k) p = Relu (m)" + END, "symmetric product"),
        ("p = MatMul (x, w)" + END, "floats"),
        ("p = MatMul (a, a)" + END, "runtime"),
        ("p = Relu (a)" + END, "nothing"),
        ("b = MatMul (a, w) p = Transpose <perm = [0, 2, 1]> (b)" + END, "nothing"),
        ("p = MatMul (a, w)" + END.replace("(d, c)", "(d, k)"), "nothing"),
        ("p = MatMul (a, w)" + END.replace("(d, c)", "(c, d)"), "symmetric product"),
        ("p = MatMul (a, w)" + END.replace("(d, c)", "(d, d)"), "nothing"),
        ("e = DequantizeLinear (wi, s) p = MatMul (a, w)" + END.replace("(d, c)", "(d, e)"), "nothing"),
    ],
)
def test_the_product_behind_a_dequantisation(body: str, wanted: str) -> None:
    assert dequantised(body) == wanted


def test_a_zero_point_other_than_zero() -> None:
    assert dequantised("p = MatMul (a, w)" + END, -50) == "shifted product"
