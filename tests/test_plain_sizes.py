"""Values that depend on sizes which plain shape inference does not find."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts

PICKING = """<ir_version: 8, opset_import: ["": 16]> g (float[n, {scores}] s, float[n, 8, 4] d) => (float[p, q, r] y)
  <int64[1] k = {{2}}, int64[1] last = {{-1}}, int64[3] times = {{1, 1, {wide}}}> {{
  v, q = TopK <axis = -1> (s, k) j = Cast <to = 7> (q) u = Unsqueeze (j, last) i = Tile (u, times) {node} }}"""
GATHERING = "y = GatherElements <axis = 1> (d, i)"


def last(text: str, facet: str) -> object:
    """A facet of the last node."""
    return facets(Facts.of(parser.parse_model(text)).nodes[-1]).get(facet)


@pytest.mark.parametrize(
    ("scores", "wide", "wanted"), [("l", 4, "among others"), ("l", 1, "alone"), ("6", 4, "nothing"), ("6", 1, "nothing")]
)
def test_indices_of_a_topk_over_an_axis_of_unknown_size(scores: str, wide: int, wanted: str) -> None:
    assert last(PICKING.format(scores=scores, wide=wide, node=GATHERING), "picked") == wanted


def test_one_dim_above_one_is_enough() -> None:
    node = "e = Unsqueeze (d, last) j2 = Unsqueeze (i, last) y = GatherElements <axis = 1> (e, j2)"
    assert last(PICKING.format(scores="l", wide=4, node=node).replace("[p, q, r]", "[p, q, r, t]"), "picked") == "among others"


def test_indices_of_another_origin() -> None:
    other = "z = GatherElements <axis = 1> (d, i) w = ArgMax <axis = 1, keepdims = 1> (d) y = GatherElements <axis = 1> (d, w)"
    assert last(PICKING.format(scores="l", wide=4, node=other), "picked") == "nothing"


def test_other_operators_do_not_have_the_facet() -> None:
    node = "y = GatherND <batch_dims = 1> (d, i)"
    assert last(PICKING.format(scores="l", wide=1, node=node), "picked") is None


VALUES = """<ir_version: 8, opset_import: ["": 17]> g (float[1, 1, 1] x, float[1, n, 4] z, int64[3] i) => (int64[3, 5] y)
  <int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[2] both = {{0, 1}}, int64 d = {{5}}> {{
  c = Shape (z) h = Expand (x, c) s = Shape ({data}) {values} y = OneHot (i, d, v) }}"""
FIRST = "g = Gather (s, zero) v = Concat <axis = 0> (zero, g)"


@pytest.mark.parametrize(
    ("data", "values", "wanted"),
    [
        ("h", FIRST, "folding"),
        ("z", FIRST, "plain"),
        ("x", FIRST, "plain"),
        ("h", "g = Slice (s, zero, one) v = Concat <axis = 0> (zero, g)", "folding"),
        ("z", "g = Slice (s, zero, one) v = Concat <axis = 0> (zero, g)", "plain"),
        ("z", "g = Slice (s, two, zero) a = Identity (g) v = Identity (both)", "plain"),
        ("h", "v = Identity (both)", "plain"),
    ],
)
def test_values_computed_from_a_size_that_only_folding_finds(data: str, values: str, wanted: str) -> None:
    assert last(VALUES.format(data=data, values=values), "sized.by") == wanted
