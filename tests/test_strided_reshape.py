"""A step over a dim that a Reshape makes: where compilers move it up to, and where they cannot."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.patterns.strided_reshape import kept_axis

HEAD = """<ir_version: 8, opset_import: ["": 17]> g (float[{dims}] x) => (float[a, b, c, d] y) {{
  t = Constant <value = int64[4] {{-1, 4, 4, 8}}> () q = Reshape (x, t)
  s = Constant <value = int64[1] {{0}}> () e = Constant <value = int64[1] {{9}}> () n = Constant <value = int64[1] {{2}}> ()
  one = Constant <value = int64[1] {{1}}> () last = Constant <value = int64[1] {{3}}> () {body}
}}"""


def strides(body: str, dims: str = "1, 16, 8") -> object:
    """The facet of the last node."""
    found = Facts.of(parser.parse_model(HEAD.format(dims=dims, body=body)))
    return facets(found.nodes[-1])["strides"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("y = Slice (q, s, e, one, n)", "reshaped"),
        ("y = Slice (q, s, e, last, n)", "other"),
        ("y = Slice (q, s, e, one, one)", "other"),
        ("r = Relu (q) y = Slice (r, s, e, one, n)", "reshaped"),
        ("r = Sigmoid (q) m = Mul (r, q) y = Slice (m, s, e, one, n)", "reshaped"),
        ("r = Transpose <perm = [0, 3, 1, 2]> (q) y = Slice (r, s, e, last, n)", "reshaped"),
        ("r = Transpose <perm = [0, 3, 1, 2]> (q) y = Slice (r, s, e, one, n)", "other"),
        ("u = Abs (q) y = Slice (q, s, e, one, n)", "other"),
        ("r = MaxPool <kernel_shape = [1, 1]> (q) y = Slice (r, s, e, one, n)", "other"),
        ("r = Softmax <axis = 2> (q) y = Slice (r, s, e, one, n)", "reshaped"),
    ],
)
def test_a_step_is_followed_up_to_the_reshape_that_made_its_dim(body: str, wanted: str) -> None:
    assert strides(body) == wanted


def test_more_strides_than_a_convolution_has_dims_are_none_of_its_axes() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[1, 4, 2, 6, 5] x, float[8, 8, 1, 1] w) => (float y) {
      r = Transpose <perm = [0, 1, 2, 3, 4]> (x) t = Constant <value = int64[4] {1, 8, 6, 5}> () q = Reshape (r, t)
      y = Conv <kernel_shape = [1, 1], strides = [1, 1, 2]> (q, w)
    }"""
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["strides"] == "other"


def test_a_dynamic_dim_before_the_others_changes_nothing() -> None:
    assert strides("y = Slice (q, s, e, one, n)", "n, 16, 8") == "reshaped"


def test_sizes_and_other_constants_are_not_data() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[4] x) => (int64[2, 2] y) {
      c = Constant <value = int64[4] {1, 2, 3, 4}> () t = Constant <value = int64[2] {2, 2}> () q = Reshape (c, t)
      s = Constant <value = int64[1] {-1}> () e = Constant <value = int64[1] {-9}> () a = Constant <value = int64[1] {0}> ()
      y = Slice (q, s, e, a, s)
    }"""
    assert facets(Facts.of(parser.parse_model(text)).nodes[-1])["strides"] == "other"


@pytest.mark.parametrize(
    ("before", "after", "axis", "wanted"),
    [
        ((2, 8), (2, 2, 4), 0, 0),
        ((2, 8), (2, 2, 4), 1, None),
        ((16, 8), (1, 16, 8), 0, None),
        ((16, 8), (1, 16, 8), 2, 1),
        (("n", 4, 4, 8), ("n", 16, 8), 0, 0),
        (("n", 4, 4, 8), ("n", 16, 8), 1, None),
        (("n", 4, 4, 8), ("n", 16, 8), 2, 3),
    ],
)
def test_kept_axes(before: tuple[object, ...], after: tuple[object, ...], axis: int, wanted: int | None) -> None:
    assert kept_axis(before, after, axis) == wanted  # type: ignore[arg-type]
