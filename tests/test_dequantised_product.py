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


@pytest.mark.parametrize(
    ("shape", "wanted"), [("float", "nothing"), ("float[1]", "nothing"), ("float[4, 1]", "others"), ("float[4]", "last")]
)
def test_what_a_constant_has_several_numbers_along(shape: str, wanted: str) -> None:
    count = 4 if "4" in shape else 1
    head = HEAD.replace("float k = {{2}}", f"{shape} k = {{{{{', '.join(['2'] * count)}}}}}")
    for body in ("p = Relu (a)" + END, "p = MatMul (a, w)" + END):
        found = facets(Facts.of(parser.parse_model(head.format(body=body, zero=0))).nodes[-1])
        assert found["spread"] == wanted


@pytest.mark.parametrize(("zero", "wanted"), [(0, "last"), (3, "nothing")])
def test_a_constant_that_was_dequantised_with_a_zero_point_is_held(zero: int, wanted: str) -> None:
    head = HEAD.replace("float k = {{2}}", "int8 r = {{{zero}}}, int8[4] ki = {{1,2,3,4}}").replace(
        "kq = QuantizeLinear (k, s, z)", "k0 = DequantizeLinear (ki, s, r) k = Identity (k0) kq = QuantizeLinear (k, s, z)"
    )
    found = facets(Facts.of(parser.parse_model(head.format(body="p = Relu (a)" + END, zero=zero))).nodes[-1])
    assert found["spread"] == wanted


def test_a_transposed_convolution() -> None:
    head = HEAD.replace("int8[4, 4] wi", "int8[4, 4, 1] wi")
    body = "p = ConvTranspose (a, w)" + END
    found = facets(Facts.of(parser.parse_model(head.format(body=body, zero=0))).nodes[-1])
    assert found["dequantised"] == "transposed convolution"


def test_weights_with_a_zero_point() -> None:
    head = HEAD.replace("w = DequantizeLinear (wi, s)", "w = DequantizeLinear (wi, s, z)")
    for zero, wanted in ((0, "symmetric product"), (-50, "shifted weights")):
        found = facets(Facts.of(parser.parse_model(head.format(body="p = MatMul (a, w)" + END, zero=zero))).nodes[-1])
        assert found["dequantised"] == wanted
