"""Integers at the edges are fed where a graph takes them for data, and never where it takes them for places or sizes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.verify.integer_edges import EDGES, data_inputs, widened
from graphfix.verify.reference import Reference


def model(body: str, inputs: str = "int64[40] x", outputs: str = "int64[40] y") -> ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g ({inputs}) => ({outputs}) {{ {body} }}')


TWO = "int64[40] x, int64[40] i"


@pytest.mark.parametrize(
    ("body", "inputs", "wanted"),
    [
        ("y = Neg(x)", "int64[40] x", ["x"]),
        ("h = Mul(x, i) n = Cast<to = 6>(h) y = Cast<to = 7>(n)", TWO, ["x", "i"]),
        ("y = Gather(x, i)", TWO, ["x"]),
        ("d = Div(x, i) y = Abs(d)", TWO, []),
        ("k = Constant<value = int64 {3}>() d = Div(x, k) y = Mod(d, k)", "int64[40] x", ["x"]),
        ("k = Constant<value = int64 {-1}>() y = Div(x, k)", "int64[40] x", []),
        ("k = Constant<value = int64[2] {2, 0}>() y = Mod(x, k)", "int64[40] x", []),
        ("s = Shape(x) y = Add(s, i)", TWO, ["x", "i"]),
        ("y = Reshape(x, i)", TWO, ["x"]),
        ("y = Expand(x, i)", TWO, ["x"]),
        ("a = Add(i, x) y = ConstantOfShape(a)", TWO, []),
        ("f = Cast<to = 1>(x) g = Exp(f) y = Cast<to = 7>(g)", "int64[40] x", []),
        ("y = Loop(x, c) <body = b (int64 n, bool k) => (bool k2, int64 o) { k2 = Identity(k) o = Identity(n) }>",
         "int64 x, bool c", []),
        ("y = If(c) <then_branch = t () => (int64[40] a) { a = Neg(x) }, else_branch = e () => (int64[40] b) { b = Abs(x) }>",
         "int64[40] x, bool c", []),
        ("y = Neg(x)", "float[40] x", []),
    ],
)  # fmt: skip
def test_inputs_whose_numbers_are_data(body: str, inputs: str, wanted: list[str]) -> None:
    assert data_inputs(model(body, inputs)) == wanted


def test_edges_are_those_that_the_dtype_holds() -> None:
    for dtype in ("int64", "int32", "int8", "uint8", "uint32"):
        held = np.iinfo(dtype)
        fed = widened({"x": np.zeros(40, dtype)}, ["x"])["x"]
        assert fed.dtype == dtype
        assert {edge for edge in EDGES if held.min <= edge <= held.max} == set(fed.tolist())


def test_they_are_the_same_every_time_and_leave_the_feed_as_it_was() -> None:
    feed = {"x": np.arange(40), "i": np.arange(40)}
    first, second = widened(feed, ["x", "i"]), widened(feed, ["x", "i"])
    assert all(np.array_equal(first[name], second[name]) for name in feed)
    assert not np.array_equal(first["x"], first["i"])
    assert np.array_equal(feed["x"], np.arange(40))
    assert np.array_equal(widened(feed, ["i"])["x"], feed["x"])


NARROW = "n = Cast<to = 6>(x) m = {}(n{}) y = Cast<to = 7>(m)"


@pytest.mark.parametrize(("op", "rest"), [("Abs", ""), ("Neg", ""), ("Mul", ", n"), ("Add", ", n"), ("Identity", "")])
def test_a_narrowing_that_overflows_is_told(op: str, rest: str) -> None:
    whole = model(f"y = {op}(x{rest.replace('n', 'x')})")
    reference = Reference(whole)
    assert reference.check(whole).passed
    found = reference.check(model(NARROW.format(op, rest)))
    assert not found.passed


def test_negatives_are_told_apart() -> None:
    assert not Reference(model("y = Identity(x)")).check(model("y = Abs(x)")).passed


def test_places_stay_within_their_axis_and_data_beside_them_is_wide() -> None:
    graph = model("y = Gather(x, i)", "int64[4] x, int64[40] i")
    reference = Reference(graph)
    assert reference.check(graph).passed
    fed = [answer.feed for answer in reference.answers]
    assert max(int(feed["i"].max()) for feed in fed) < 4
    assert min(int(feed["i"].min()) for feed in fed) >= 0
    assert max(int(feed["x"].max()) for feed in fed) > 2**30


def test_what_the_original_refuses_in_all_inputs_is_tried_in_each() -> None:
    graph = model("a = ReduceMax<keepdims = 0>(x) b = ReduceMax<keepdims = 0>(i) y = Add(a, b)", TWO, "int64 y")
    reference = Reference(graph)
    small = {"x": np.zeros(40, np.int64), "i": np.zeros(40, np.int64)}
    reference._small = small
    fed = list(reference._wide([]))
    both, first, second = ([name for name in small if not np.array_equal(feed[name], small[name])] for feed in fed)
    assert (both, first, second) == (["x", "i"], ["x"], ["i"])


def test_a_bound_input_keeps_its_value() -> None:
    graph = model("y = Add(x, i)", TWO)
    reference = Reference(graph, values={"i": [7] * 40})
    assert all(feed["i"].tolist() == [7] * 40 for feed in (answer.feed for answer in reference.answers))
