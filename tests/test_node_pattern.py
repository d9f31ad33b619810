"""Patterns of several nodes: what fits, in which order operands stand, and why the nearest miss is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import pytest
from onnx import ModelProto

from graphfix.analysis.facts import Facts
from graphfix.analysis.patterns.facts_view import FactsView
from graphfix.analysis.patterns.matcher import Match, Pattern, Patterns
from graphfix.analysis.patterns.proto_view import ProtoView
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.pattern import SurgeryView

Opened = tuple[Any, dict[str, Any]]


def facts(model: ModelProto) -> Opened:
    """The view of the model's facts, and its nodes by their first output."""
    found = Facts.of(model)
    return FactsView(found), {node.proto.output[0]: node for node in found.nodes}


def proto(model: ModelProto) -> Opened:
    """The view of the protobuf graph."""
    return ProtoView(model.graph), {node.output[0]: at for at, node in enumerate(model.graph.node)}


def surgery(model: ModelProto) -> Opened:
    """The view of an opened model."""
    opened = GraphEditor(model, "demo")
    return SurgeryView(opened), {node.outputs[0].name: node for graph in opened.graphs() for node in graph.nodes}


VIEWS = pytest.mark.parametrize("view", [facts, proto, surgery])
View = Callable[[ModelProto], Opened]
WEIGHTS = "float one = {1.0}, float half = {0.5}, float[2] pair = {1.0, 1.0}"


def graph(text: str, outputs: str = "float[2] y") -> ModelProto:
    return onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17, "other" : 1]>
            g (float[2] x, float[2] z) => ({outputs}) <{WEIGHTS}> {{ {text} }}"""
    )


def names(found: Match[Any, Any] | None) -> dict[str, str]:
    """What the names of a pattern stand for, by name; nothing where it does not fit."""
    return {} if found is None else {name: getattr(value, "name", value) for name, value in found.values.items()}


SOFTSIGN = Pattern("size = Abs(x)  s = Add(size, one)  y = Div(x, s)", numbers={"one": 1.0})


@VIEWS
@pytest.mark.parametrize("add", ["Add(a, one)", "Add(one, a)"])
def test_operands_of_a_commutative_operator_fit_in_either_order(view: View, add: str) -> None:
    asked, nodes = view(graph(f"a = Abs(z)  b = {add}  y = Div(z, b)"))
    found = SOFTSIGN.match(asked, nodes["y"])
    assert names(found) == {"x": "z", "size": "a", "s": "b", "one": "one", "y": "y"}
    assert found is not None
    assert set(found.nodes) == {"size", "s", "y"}


@VIEWS
@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("a = Abs(z)  b = Add(a, one)  y = Mul(z, b)", "y", "it is Mul, not Div"),
        ("a = Abs(z)  b = Add(a, one)  y = Div(b, z)", "y", "no Add makes its `s`"),
        ("a = Neg(z)  b = Add(a, one)  y = Div(z, b)", "a", "it is Neg, not Abs"),
        ("a = Abs(x)  b = Add(a, one)  y = Div(z, b)", "a", "`x` is two values"),
        ("a = Abs(z)  b = Add(a, half)  y = Div(z, b)", "b", "its `one` is not 1"),
        ("a = Abs(z)  b = Add(a, pair)  y = Div(z, b)", "b", "its `one` is no known number"),
        ("a = Abs(z)  b = Add(a, x)  y = Div(z, b)", "b", "its `one` is no known number"),
        ("a = other.Abs(z)  b = Add(a, one)  y = Div(z, b)", "a", "it is other.Abs, not Abs"),
    ],
)
def test_a_miss_names_the_nearest_node_and_the_reason(view: View, text: str, at: str, reason: str) -> None:
    asked, nodes = view(graph(text))
    assert SOFTSIGN.match(asked, nodes["y"]) is None
    miss = SOFTSIGN.miss(asked, nodes["y"])
    assert miss is not None
    assert (miss.at, miss.reason) == (at, reason)


@VIEWS
def test_what_fits_is_no_miss_and_every_way_is_found(view: View) -> None:
    asked, nodes = view(graph("a = Mul(x, z)  b = Neg(a)  c = Neg(x)  y = Add(b, c)"))
    both = Pattern("left = Neg(l)  right = Neg(r)  y = Add(left, right)")
    assert [names(found)["l"] for found in both.matches(asked, nodes["y"])] == ["a", "x"]
    assert both.miss(asked, nodes["y"]) is None
    deep = Pattern("p = Mul(u, v)  left = Neg(p)  y = Add(left, right)")
    assert [names(found)["u"] for found in deep.matches(asked, nodes["y"])] == ["x", "z"]


@VIEWS
def test_a_node_that_is_read_twice_is_one_node(view: View) -> None:
    twice = Pattern("a = Neg(u)  b = Abs(a)  y = Mul(a, b)")
    asked, nodes = view(graph("p = Neg(x)  q = Abs(p)  y = Mul(q, p)"))
    assert twice.match(asked, nodes["y"]) is not None
    asked, nodes = view(graph("p = Neg(x)  r = Neg(x)  q = Abs(p)  y = Mul(q, r)"))
    assert twice.match(asked, nodes["y"]) is None


@VIEWS
def test_the_output_that_is_read_is_the_one_that_is_written(view: View) -> None:
    text = "a, b = Split(w)  c = Neg({0})  y = Relu(c)"
    asked, nodes = view(graph("w = Concat<axis = 0>(x, z)  " + text.format("b")))
    assert Pattern(text.format("b")).match(asked, nodes["y"]) is not None
    assert Pattern(text.format("a")).match(asked, nodes["y"]) is None


@VIEWS
@pytest.mark.parametrize(
    ("more", "outputs", "fits"),
    [("", "float[2] y", True), ("e = Relu(a)", "float[2] y", False), ("", "float[2] y, float[2] a", False)],
    ids=["alone", "read elsewhere", "an output"],
)
def test_a_closed_pattern_wants_what_is_within_for_itself(view: View, more: str, outputs: str, fits: bool) -> None:
    asked, nodes = view(graph(f"a = Neg(x)  y = Abs(a)  {more}", outputs))
    assert (Pattern("a = Neg(x)  y = Abs(a)", closed=True).match(asked, nodes["y"]) is not None) is fits
    assert Pattern("a = Neg(x)  y = Abs(a)").match(asked, nodes["y"]) is not None


@VIEWS
def test_attributes_that_are_written_must_be_so_and_words_stand_for_operators(view: View) -> None:
    asked, nodes = view(graph("a = Sigmoid(x)  y = Softmax<axis = -1>(a)"))
    either = {"Gate": ("Tanh", "Sigmoid")}
    assert Pattern("a = Gate(x)  y = Softmax<axis = -1>(a)", either=either).match(asked, nodes["y"]) is not None
    other = Pattern("a = Gate(x)  y = Softmax<axis = 1>(a)", either=either)
    assert other.match(asked, nodes["y"]) is None
    miss = other.miss(asked, nodes["y"])
    assert miss is not None
    assert (miss.at, miss.reason) == (asked.label(nodes["y"]), "its axis is not 1")


@VIEWS
def test_the_first_of_several_patterns_is_named_once_for_a_node(view: View) -> None:
    asked, nodes = view(graph("a = Sigmoid(x)  b = Mul(x, a)  c = Tanh(b)  y = Mul(b, c)"))
    swish, product = Pattern("g = Sigmoid(v)  y = Mul(v, g)"), Pattern("y = Mul(v, g)")
    found = Patterns({"swish": [swish], "product": [product, product]}).find(asked, nodes.values())
    assert [(name, names(match)["y"]) for name, match in found] == [("swish", "b"), ("product", "y")]


@VIEWS
def test_an_operand_that_is_left_out_fits_only_one_that_is(view: View) -> None:
    asked, nodes = view(graph("y = Clip(x, , one)"))
    assert Pattern("y = Clip(v, , most)").match(asked, nodes["y"]) is not None
    assert Pattern("y = Clip(v, least, most)").match(asked, nodes["y"]) is None
    assert Pattern("y = Clip(v, , most, more)").match(asked, nodes["y"]) is None


def test_values_in_a_branch_are_told_by_who_makes_them() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (bool c, float[2] x) => (float[2] y) {
             a = Sigmoid(x)
             y = If (c) <
               then_branch = t () => (float[2] p) { p = Mul(x, a) },
               else_branch = e () => (float[2] q) { q = Neg(x) }
             > }"""
    )
    swish = Pattern("g = Sigmoid(v)  y = Mul(v, g)")
    for view in (facts, surgery):
        asked, nodes = view(model)
        assert swish.match(asked, nodes["p"]) is not None
