"""A dynamic batch that a Reshape moves to the second axis, which OpenVINO takes for shuffled channels."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.patterns.moved_batch import moved_to
from graphfix.linter.engine import judge

HEAD = """<ir_version: 8, opset_import: ["": 17]> g (float[{dims}] x) => (float[] y)
<int64[4] a = {{{first}}}, int64[3] b = {{64, -1, 16}}> {{ r = Relu (x) t = Reshape (r, a) {body} y = Reshape (u, b) }}"""
TURNED = "u = Transpose<perm = [0, 3, 1, 2]> (t)"


@pytest.mark.parametrize(
    ("dims", "first", "body", "wanted"),
    [
        ("n,16,8,8", "1,-1,16,64", TURNED, "second"),
        ("n,16,8,8", "1,16,-1,64", "u = Transpose<perm = [0, 3, 2, 1]> (t)", "later"),
        ("n,16,8,8", "-1,1,16,64", TURNED, False),
        ("5,16,8,8", "1,-1,16,64", TURNED, False),
        ("n,8,8,4,4", "1,-1,16,64", TURNED, False),
        ("n,16,8,8", "1,-1,16,64", "w = Neg (t) u = Transpose<perm = [0, 3, 1, 2]> (t)", False),
        ("n,16,8,8", "1,-1,16,64", "u = Sigmoid (t)", False),
    ],
    ids=["second", "later", "first", "fixed", "of rank 5", "read twice", "not transposed"],
)
def test_the_place_of_the_batch_is_found(dims: str, first: str, body: str, wanted: str | bool) -> None:
    found = Facts.of(parser.parse_model(HEAD.format(dims=dims, first=first, body=body)))
    assert facets(found.nodes[-1])["rebatches"] == wanted


def test_a_batch_that_stays_first_is_not_moved() -> None:
    assert moved_to(("n", 16, 8, 8), ("n", 4, 4, 64)) == ""
    assert moved_to(("n", 16, 8, 8), (1, "n", 16, 64)) == "second"
    assert moved_to(("n", 16, 8, 8), (1, "n", 1024)) == ""


@pytest.mark.parametrize(("dims", "verdict"), [("n,16,8,8", "rejected"), ("5,16,8,8", "accepted")])
def test_openvino_rejects_it_where_the_batch_is_dynamic(dims: str, verdict: str) -> None:
    (result,) = judge(parser.parse_model(HEAD.format(dims=dims, first="1,-1,16,64", body=TURNED)), ["openvino"])
    assert result.verdict == verdict
