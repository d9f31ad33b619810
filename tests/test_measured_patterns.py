"""Facets of nodes whose fate hangs on what makes their operands: folded, filled, subtracted, grown and left out."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import parser

from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example
from graphfix.probe.expect import expected
from graphfix.tables.target_facets import facets_for_target


def of(nodes: str, **more: str) -> Facets:
    """The facets of the last node of a small model."""
    return facets(Facts.of(Example(nodes, **more).model).nodes[-1])  # type: ignore[arg-type]


FOLDED = "m = ReduceMean <axes = [1], keepdims = 0> (w)\nv = Exp (m)\ny = BatchNormalization (x, s, s, {mean}, v)"
WEIGHTS = "float[2,3] w = {1, 2, 3, 4, 5, 6}, float[2] s = {1, 1}"


def test_folding_is_the_size_of_the_largest_tensor_that_a_parameter_is_computed_from() -> None:
    assert of(FOLDED.format(mean="m"), inputs="float[1,2,4] x", weights=WEIGHTS)["folding"] == 6
    assert of(FOLDED.replace("v = Exp (m)\n", "").format(mean="s").replace(", v)", ", m)"), inputs="float[1,2,4] x",
              weights=WEIGHTS)["folding"] == 6  # fmt: skip
    plain = "y = BatchNormalization (x, s, s, s, s)"
    assert of(plain, inputs="float[1,2,4] x", weights="float[2] s = {1, 1}")["folding"] == 0


SHAPED = "p = Shape (x)\nb = Slice (p, i, j)\nt = Concat <axis = 0> (b, d)\n"
ENDS = (
    "int64[1] i = {0}, int64[1] j = {1}, int64[2] d = {5, 3}, float one = {1}, float[5,3] all = {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6}"
)


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ("a = ConstantOfShape (t)", "number"),
        ("c = ConstantOfShape (t)\na = Exp (c)", "number"),
        ("a = Expand (one, t)", "number"),
        ("a = Expand (all, t)", "nothing"),
        ("c = ConstantOfShape (t)\ns = ReduceSum (x)\na = Mul (c, s)", "nothing"),
    ],
)
def test_an_operand_that_a_number_is_filled_into(made: str, wanted: str) -> None:
    dynamic = SHAPED + made + "\ny = MatMul (a, x)"
    assert of(dynamic, inputs="float[n,3,4] x", weights=ENDS)["filled"] == wanted
    fixed = of(dynamic, inputs="float[2,3,4] x", weights=ENDS)
    assert fixed["filled"] == "nothing"
    assert "filled" not in facets_for_target("openvino", fixed)


@pytest.mark.parametrize(
    ("others", "wanted"),
    [
        ("z = Relu (a)", "shared"),
        ("z = MatMul (a, x)", "shared"),
        ("z = Relu (c)", "passed"),
        ("z = Identity (a)", "number"),
        ("z = Shape (x)", "number"),
    ],
)
def test_a_filled_operand_that_other_nodes_read_too(others: str, wanted: str) -> None:
    nodes = f"{SHAPED}c = ConstantOfShape (t)\na = Exp (c)\n{others}\ny = MatMul (a, x)"
    assert of(nodes, inputs="float[n,3,4] x", weights=ENDS)["filled"] == wanted


@pytest.mark.parametrize(
    ("number", "other", "wanted"),
    [
        ("0", "Add (a, u)", "number"),
        ("1", "Add (a, u)", "shared"),
        ("1", "Mul (u, a)", "number"),
        ("2", "Mul (u, a)", "shared"),
        ("0", "Sub (u, a)", "number"),
        ("0", "Sub (a, u)", "shared"),
        ("1", "Div (u, a)", "number"),
        ("0", "Add (a, one)", "shared"),
    ],
)
def test_a_neutral_operand_is_not_read(number: str, other: str, wanted: str) -> None:
    nodes = f"{SHAPED}a = ConstantOfShape <value = float[1] {{{number}}}> (t)\nz = {other}\ny = MatMul (a, x)"
    assert of(nodes, inputs="float[n,3,4] x, float[n,5,3] u", weights=ENDS)["filled"] == wanted


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ("a = ConstantOfShape <value = bool[1] {1}> (p)\ny = And (a, a)", "all"),
        ("c = ConstantOfShape (p)\na = Cast <to = 9> (c)\ny = And (a, f)", "all"),
        ("a = ConstantOfShape <value = bool[1] {0}> (p)\nb = Less (x, one)\ny = And (a, b)", "nothing"),
        ("b = Less (x, one)\ny = And (b, f)", "nothing"),
        ("a = ConstantOfShape <value = bool[1] {0}> (p)\ny = And (a, g)", "nothing"),
    ],
)
def test_masks_of_which_all_are_filled_with_one_value(made: str, wanted: str) -> None:
    weights = "float one = {1}, bool f = {0}, bool[4] g = {0, 1, 0, 1}"
    assert of("p = Shape (x)\n" + made, inputs="float[n,3,4] x", weights=weights)["filled"] == wanted


CONV = "float[2,2,1,1] w = {1, 2, 3, 4}, float k = {2}, float[2,1,1] c = {1, 2}, float[4] r = {1, 2, 3, 4}"


@pytest.mark.parametrize(
    ("nodes", "shifts"),
    [
        ("a = Conv (x, w)\ny = Sub (a, k)", True),
        ("a = Conv (x, w)\ny = Sub (a, c)", True),
        ("a = ConvTranspose (x, w)\nb = Mul (k, a)\ny = Sub (b, c)", True),
        ("a = Conv (x, w)\ny = Sub (a, r)", False),
        ("a = Conv (x, w)\ny = Sub (k, a)", False),
        ("a = Conv (x, w)\nb = Relu (a)\ny = Sub (b, k)", False),
        ("a = Conv (x, w)\nb = Mul (a, x)\ny = Sub (b, k)", False),
        ("a = Conv (x, w)\nb = Relu (a)\ny = Sub (a, k)", False),
        ("a = Relu (x)\ny = Sub (a, k)", False),
    ],
)
def test_a_constant_subtracted_from_a_convolution_that_nothing_else_reads(nodes: str, shifts: bool) -> None:
    assert of(nodes, inputs="float[1,2,4,4] x", weights=CONV)["shifts"] is shifts


LOOP = """<ir_version: 8, opset_import: ["": 17]> g (float[2,4] x) => (float[n,4] y) {
  m = Constant <value = int64 {3}> () t = Constant <value = bool {1}> ()
  y = Loop (m, t, x) <body = b (int64 i, bool q, float[k,4] h) => (bool p, float[j,4] o) {
    p = Identity (q) NODES
  }>
}"""


@pytest.mark.parametrize(
    ("nodes", "grows"),
    [
        ("o = Concat <axis = 0> (h, h)", True),
        ("r = Relu (h) c = Concat <axis = 0> (r, x) o = Identity (c)", True),
        ("c = Concat <axis = 0> (x, x) o = Identity (h)", False),
        ("o = Add (h, x)", False),
    ],
)
def test_a_loop_that_makes_its_state_longer(nodes: str, grows: bool) -> None:
    node = Facts.of(parser.parse_model(LOOP.replace("NODES", nodes))).nodes[-1]
    assert facets(node)["grows"] is grows


@pytest.mark.parametrize(
    ("call", "blanks"), [("x", False), ("x, k", False), ("x, , ", True), ("x, k, , ", True), ("x, , k", False)]
)
def test_an_empty_name_as_the_last_input_of_a_clip(call: str, blanks: bool) -> None:
    assert of(f"y = Clip ({call})", inputs="float[3] x", weights="float k = {2}")["blanks"] is blanks


@pytest.mark.parametrize(("element", "wanted"), [("seq(float[])", "unranked"), ("seq(float[n])", "ranked"), ("float[3]", "none")])
def test_the_elements_of_sequences_among_the_inputs(element: str, wanted: str) -> None:
    model = parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> g ({element} x) => ({element} y) {{ y = Identity (x) }}')
    assert model_facets(Facts.of(model))["inputs.elements"] == wanted


def test_the_dims_of_a_resize_are_those_that_its_sizes_state() -> None:
    nodes = "p = Shape <start = 0, end = 2> (x)\ns = Concat <axis = 0> (p, t)\ny = Resize {} (x, , , s)"
    made = Facts.of(Example(nodes.format(""), inputs="float[n,3,9,9] x", weights="int64[2] t = {4, 5}").model)
    assert made.nodes[-1].outputs[0].shape == ("n", 3, 4, 5)  # type: ignore[union-attr]
    kept = nodes.format('<keep_aspect_ratio_policy = "not_larger">')
    made = Facts.of(Example(kept, inputs="float[n,3,9,9] x", weights="int64[2] t = {4, 5}").model)
    assert made.nodes[-1].outputs[0].shape[0] != "n"  # type: ignore[union-attr,index]


def test_queries_and_keys_of_other_head_sizes_are_no_probe() -> None:
    text = ('<ir_version: 10, opset_import: ["": 23]> g (float[2,2,3,4] q, float[2,2,3,{size}] k, float[2,2,3,4] v) '
            "=> (float[2,2,3,4] y) {{ y = Attention (q, k, v) }}")  # fmt: skip
    for size, valid in ((4, True), (1, False)):
        feeds = {name: np.ones((2, 2, 3, size if name == "k" else 4), np.float32) for name in ("q", "k", "v")}
        assert bool(expected(parser.parse_model(text.format(size=size)), feeds)) is valid


TRIPS = """<ir_version: 8, opset_import: ["": 17]> g (KIND a, KIND b, int64 m) => (KIND y) {
  d = Sub (a, b) n = Cast <to = 7> (d) t = Constant <value = bool {1}> ()
  y = Loop (COUNT, t, a) <body = l (int64 i, bool p, KIND h) => (bool q, KIND o) { q = Identity (p) o = Add (h, h) }>
}"""


@pytest.mark.parametrize(
    ("kind", "count", "trips"), [("float", "n", "floats"), ("int32", "n", "integers"), ("float", "m", "integers")]
)
def test_a_number_of_iterations_that_is_computed_from_floats(kind: str, count: str, trips: str) -> None:
    node = Facts.of(parser.parse_model(TRIPS.replace("KIND", kind).replace("COUNT", count))).nodes[-1]
    assert facets(node)["trips"] == trips
