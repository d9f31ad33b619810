"""Facets that say whether operands share their dims, what an If gives, and what holds sizes or a name of its own."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.engine import judge
from graphfix.tables.target_facets import OWN_FACETS, applies_to_target, facets_for_target, own_facets
from graphfix.tables.versions import targets


def of(inputs: str, body: str, *, op: str, opset: int = 17, held: str = "") -> Facets:
    """The facets of the first node of that operator."""
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[] out) {held} {{ {body} }}'
    return next(facets(node) for node in Facts.of(parser.parse_model(text)).nodes if node.op == op)


@pytest.mark.parametrize(
    ("first", "second", "batches"),
    [
        ("n,2,3,4", "n,2,4,5", "dynamic"),
        ("n,3,4", "m,4,5", "differ"),
        ("n,3,4", "2,4,5", "differ"),
        ("n,3,4", "1,4,5", "same"),
        ("n,3,4", "4,5", "same"),
        ("n,2,3,4", "n,4,5", "differ"),
        ("2,3,4", "2,4,5", "same"),
    ],
)
def test_a_matmul_says_whether_its_batch_dims_are_equal(first: str, second: str, batches: str) -> None:
    assert of(f"float[{first}] a, float[{second}] b", "out = MatMul(a, b)", op="MatMul")["batches"] == batches


@pytest.mark.parametrize(
    ("bias", "batches"),
    [("n,5", "dynamic"), ("m,5", "differ"), ("2,5", "differ"), ("1,5", "same"), ("5", "same"), ("n,1", "dynamic")],
)
def test_a_gemm_says_whether_its_third_operand_has_as_many_rows(bias: str, batches: str) -> None:
    given = f"float[n,4] a, float[4,5] b, float[{bias}] c"
    assert of(given, "out = Gemm(a, b, c)", op="Gemm")["batches"] == batches
    assert of("float[n,4] a, float[4,5] b", "out = Gemm(a, b)", op="Gemm")["batches"] == "none"


@pytest.mark.parametrize(
    ("sequence", "state", "batches"), [("t,n,2", "1,n,3", "dynamic"), ("t,n,2", "1,1,3", "differ"), ("t,2,2", "1,2,3", "same")]
)
def test_a_recurrent_layer_says_whether_its_state_has_the_batch_of_its_sequences(sequence: str, state: str, batches: str) -> None:
    given = f"float[{sequence}] x, float[1,9,2] w, float[1,9,3] r, float[{state}] h"
    assert of(given, "out = GRU<hidden_size = 3>(x, w, r, , , h)", op="GRU")["batches"] == batches
    assert of(given, "out = GRU<hidden_size = 3>(x, w, r)", op="GRU")["batches"] == "none"


@pytest.mark.parametrize(
    ("equation", "second", "batches"),
    [
        ("bij,bjk->bik", "n,4,5", "dynamic"),
        ("bij,bjk->bik", "m,4,5", "differ"),
        ("bij,jk->bik", "4,5", "same"),
        ("b...j,b...k->b...", "n,2,5", "dynamic"),
        ("b...j,b...k->b...", "m,2,5", "differ"),
        ("...j,...k->...", "m,2,4", "same"),
    ],
)
def test_an_einsum_says_whether_dims_of_one_label_are_equal(equation: str, second: str, batches: str) -> None:
    given = f"float[n,3,4] a, float[{second}] b"
    assert of(given, f'out = Einsum<equation = "{equation}">(a, b)', op="Einsum")["batches"] == batches


@pytest.mark.parametrize(("grid", "batches"), [("n,4,5,2", "dynamic"), ("m,4,5,2", "differ"), ("n,4,5,k", "differ")])
def test_a_grid_sample_says_whether_data_and_grid_have_one_batch(grid: str, batches: str) -> None:
    assert of(f"float[n,3,h,w] x, float[{grid}] g", "out = GridSample(x, g)", op="GridSample")["batches"] == batches


@pytest.mark.parametrize(
    ("then", "results"), [("a = Identity(s)", "known"), ("a = Cast<to = 7>(x)", "data"), ("a = Concat<axis = 0>(s, s)", "known")]
)
def test_an_if_says_whether_its_branches_give_sizes(then: str, results: str) -> None:
    body = (
        f"s = Shape(x) out = If(c) <then_branch = t () => (int64[k] a) {{ {then} }}, "
        "else_branch = e () => (int64[k] b) { b = Identity(s) }>"
    )
    assert of("float[n] x, bool c", body, op="If")["results"] == results


@pytest.mark.parametrize(
    ("made", "elements"),
    [
        ("d = Shape(x)", "sizes"),
        ("s = Shape(x) d = Mul(s, s)", "sizes"),
        ("d = Cast<to = 7>(x)", "sizes"),
        ("e = Cast<to = 7>(x) d = Transpose(e)", "sizes"),
        ("d = Cast<to = 6>(x)", "data"),
        ("s = Size(x) z = Constant<value = int64 {0}>() o = Constant<value = int64 {1}>() d = Range(z, s, o)", "data"),
        ("s = Shape(x) d = ConstantOfShape<value = int64[1] {1}>(s)", "data"),
    ],
)
def test_numbers_that_are_sizes_are_told_from_others(made: str, elements: str) -> None:
    assert of("float[n,3] x", f"{made} out = Sign(d)", op="Sign")["elements"] == elements


@pytest.mark.parametrize(
    ("opset", "node", "axis", "negative"),
    [
        (17, "DFT<axis = 1>(x)", "second", False),
        (17, "DFT<axis = 2>(x)", "inner", False),
        (20, "DFT(x, , k)", "inner", True),
        (20, "DFT(x)", "inner", True),
        (20, "DFT(x, , q)", None, None),
    ],
)
def test_the_axis_of_a_dft_is_told_in_every_version(opset: int, node: str, axis: str | None, negative: bool | None) -> None:
    found = of("float[2,4,8,1] x, int64 q", f"k = Constant<value = int64 {{-2}}>() out = {node}", op="DFT", opset=opset)
    assert (found["axis"], found["axis.negative"], found["components"]) == (axis, negative, "real")


@pytest.mark.parametrize(
    ("opset", "node", "lengths"),
    [
        (17, "DFT<axis = 2>(x)", "absent"),
        (17, "DFT<axis = 2>(x, eight)", "own"),
        (17, "DFT<axis = 2>(x, four)", "second"),
        (17, "DFT(x, four)", "both"),
        (17, "DFT(x, eight)", "none"),
        (17, "DFT<axis = 2>(x, q)", None),
        (20, "DFT(x, eight)", "own"),
        (20, "DFT(x, four, two)", "second"),
        (20, "DFT(x, four, q)", None),
    ],
)
def test_the_length_of_a_dft_is_compared_with_the_dims(opset: int, node: str, lengths: str | None) -> None:
    numbers = " ".join(
        f"{word} = Constant<value = int64 {{{number}}}>()" for word, number in (("four", 4), ("eight", 8), ("two", 2))
    )
    assert of("float[2,4,8,1] x, int64 q", f"{numbers} out = {node}", op="DFT", opset=opset)["lengths"] == lengths


@pytest.mark.parametrize(
    ("op", "written", "implied"),
    [
        ("MaxPool", "kernel_shape = [2, 2]", "strides"),
        ("MaxPool", "kernel_shape = [2, 2], strides = [1, 1]", "nothing"),
        ("LogSoftmax", "", "axis"),
        ("LogSoftmax", "axis = -1", "nothing"),
        ("Softmax", "", None),
    ],
)
def test_a_default_that_is_left_out_is_told_from_one_written_out(op: str, written: str, implied: str | None) -> None:
    attributes = f"<{written}>" if written else ""
    assert of("float[1,2,4,4] x", f"out = {op}{attributes}(x)", op=op).get("implied") == implied


def test_numbers_drawn_under_different_names_do_not_share_their_facets() -> None:
    body = "[draw_Like] a = RandomNormalLike(x) [draw] b = RandomNormalLike(x) out = Add(a, b)"
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[2] x) => (float[2] out) {{ {body} }}'
    assert [found.get("called") for found in node_facets(Facts.of(parser.parse_model(text)))] == ["like", "other", None]


@pytest.mark.parametrize("facet", sorted(OWN_FACETS))
def test_a_facet_of_one_target_is_left_out_on_the_others(facet: str) -> None:
    owner = next(name for name in targets() if facet in own_facets(name))
    other = next(name for name in targets() if facet not in own_facets(name))
    assert facets_for_target(f"{owner}@0.21.19", {facet: "x"}) == {facet: "x"}
    assert facets_for_target(other, {facet: "x", "since": 1}) == {"since": 1}
    assert applies_to_target(owner, (facet,))
    assert not applies_to_target(other, (facet, "since"))


def test_a_contradicting_annotation_is_placed_at_the_first_node_that_it_contradicts() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[n,4] x) => (float[m,4] y)
        <float[n,4] a, float[k,4] b, float[j,4] c> { [one] a = Relu(x) [two] b = Neg(a) [three] c = Exp(b) y = Tanh(c) }"""
    found = [f for f in judge(parser.parse_model(text), ["tract"])[0].findings if "annotations" in (f.traits or ())]
    assert [(f.node, f.op) for f in found] == [("two", "")]
