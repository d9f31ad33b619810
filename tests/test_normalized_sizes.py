"""Normalized dims whose sizes a converter with plain shape inference does not find."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts

MODEL = """<ir_version: 8, opset_import: ["": 17]> g (float[b, l, 32] x, float[b, l, 4, 8] y, float[k, 8] w) => (float o)
  <int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] four = {{4}}, int64[1] eight = {{8}},
   int64[4] last = {{0, 0, 0, -1}},
   int64[4] same = {{0, 0, 0, 0}}, int64[4] rows = {{0, 0, 4, 8}}, float[8] s = {{1, 2, 3, 4, 5,
   6, 7, 8}}, float[4, 8] s2 = {{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}},
   float[4, 1] c = {{1, 2, 3, 4}}, float[1] k1 = {{2}}> {{
  g = Shape (x) n = Gather (g, zero) m = Gather (g, one) t = Concat <axis = 0> (n, m, four, eight) r = Reshape (x, t)
  {body} o = LayerNormalization <axis = {axis}> (v, {scale}) }}"""


def normalized(body: str, scale: str = "s", axis: int = -1) -> object:
    """The facet of the model's last node."""
    nodes = Facts.of(parser.parse_model(MODEL.format(body=body, scale=scale, axis=axis))).nodes
    return facets(nodes[-1])["normalized"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("v = Identity (r)", "computed"),
        ("v = Identity (y)", "told"),
        ("v = Transpose <perm = [0, 2, 1, 3]> (r)", "computed"),
        ("v = Add (r, s)", "told"),
        ("v = Add (r, y)", "told"),
        ("v = Add (r, c)", "computed"),
        ("v = Mul (r, k1)", "computed"),
        ("v = MatMul (r, w)", "told"),
        ("v = Reshape (r, rows)", "told"),
        ("v = Reshape (y, last)", "computed"),
        ("q = Concat <axis = 2> (y, y) v = Reshape (q, same)", "told"),
    ],
)
def test_sizes_that_plain_inference_finds(body: str, wanted: str) -> None:
    assert normalized(body) == wanted


@pytest.mark.parametrize("first", ["r, y", "y, r"])
def test_a_concat_loses_sizes_that_one_part_lacks(first: str) -> None:
    join = f"q = Concat <axis = 2> ({first})"
    assert normalized(f"{join} v = Identity (q)") == "told"  # which plain inference is asked about again
    assert normalized(f"v = Concat <axis = 2> ({first})") == "computed"
    assert normalized(f"{join} v = Relu (q)") == "computed"
    assert normalized(f"{join} v = Reshape (q, same)") == "computed"
    assert normalized(f"{join} p = Transpose <perm = [0, 3, 1, 2]> (q) v = Transpose <perm = [0, 2, 3, 1]> (p)") == "computed"
    assert normalized(f"{join} v = Mul (q, k1)") == "told"


def test_parts_whose_sizes_are_found_by_a_concat() -> None:
    assert normalized("v = Concat <axis = 2> (y, y)") == "told"
    assert normalized("m1 = MatMul (r, w) v = Concat <axis = 2> (m1, y)") == "told"


def test_only_dims_that_the_scale_has_matter() -> None:
    assert normalized("v = Identity (r)", "k1") == "told"
    assert normalized("v = Add (r, s)", "s2", -2) == "computed"
    assert normalized("v = Identity (y)", "s2", -2) == "told"


def test_dynamic_dims_that_the_scale_gives_a_size() -> None:
    assert normalized("v = Transpose <perm = [0, 2, 3, 1]> (y)") == "dynamic"


def test_a_constant_that_folding_makes_of_sizes_which_are_found() -> None:
    """Its own sizes are told, also where the sizes of what is folded before it were read on the way."""
    grid = "e = Shape (y) p = Slice (e, two, four) f = Reshape (s2, p) h = Shape (f) i = Reshape (s2, h)"
    assert normalized(f"{grid} v = Add (r, i)") == "told"


def test_a_constant_that_folding_makes_of_sizes_which_are_not_found() -> None:
    grid = "e = Shape (r) p = Slice (e, two, four) i = Reshape (s2, p)"
    assert normalized(f"{grid} v = Add (r, i)") == "computed"


@pytest.mark.parametrize(
    ("operator", "wanted"), [("Relu", "computed"), ("Transpose <perm = [0, 1, 2, 3]>", "computed"), ("Neg", "told")]
)
def test_a_long_chain_is_followed_to_where_its_sizes_come_from(operator: str, wanted: str) -> None:
    chain = " ".join(f"c{at} = {operator} ({f'c{at - 1}' if at else 'q'})" for at in range(2_000))
    assert normalized(f"q = Concat <axis = 2> (r, y) {chain} v = Identity (c1999)") == "told"  # plain inference is asked again
    assert normalized(f"q = Concat <axis = 2> (r, y) {chain} v = Relu (c1999)") == wanted
