"""Facets that only single operators have."""

from __future__ import annotations

from typing import Any

import pytest

from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example


def of(nodes: str, **more: Any) -> Facets:
    """The facets of the last node of a small model."""
    return facets(Facts.of(Example(nodes, **more).model).nodes[-1])


@pytest.mark.parametrize(
    ("nodes", "windowed"),
    [
        ("c = MaxPool <kernel_shape = [2], strides = [2]> (x)\ny = Reshape(c, s)", True),
        ("c = Relu(x)\ny = Reshape(c, s)", False),
    ],
)
def test_a_reshape_says_whether_a_window_made_dynamic_dims(nodes: str, windowed: bool) -> None:
    found = of(nodes, inputs="float[N, 2, L] x", outputs="float[A, B] y", weights="int64[2] s = {2, -1}")
    assert found["windowed"] is windowed


@pytest.mark.parametrize(
    ("readers", "quantizes"),
    [
        ("q = QuantizeLinear(x, s, p)\ny = DequantizeLinear(q, s, p)", True),
        ("z = Identity(p)\nq = QuantizeLinear(x, s, z)\ny = DequantizeLinear(q, s, p)", True),
        ("q = QuantizeLinear(x, s, p)\nd = DequantizeLinear(q, s, p)\nc = Cast<to = 1>(p)\ny = Add(d, c)", False),
        ("c = Cast<to = 1>(p)\ny = Add(x, c)", False),
    ],
)
def test_a_constant_says_whether_only_quantisation_reads_it(readers: str, quantizes: bool) -> None:
    made = "p = Constant<value = int8 {0}>()\n" + readers
    found = Facts.of(Example(made, weights="float s = {0.5}").model)
    assert facets(found.nodes[0])["quantizes"] is quantizes
    assert model_facets(found)["constants.int8"] is not quantizes


@pytest.mark.parametrize(
    ("makes", "passed"),
    [("z = Identity(p)", True), ("c = Identity(p)\nz = Identity(c)", True), ("z = Add(p, p)", False), ("z = Neg(n)", False)],
)
def test_quantisation_says_whether_an_identity_passes_its_zero_point(makes: str, passed: bool) -> None:
    found = of(makes + "\ny = QuantizeLinear(x, s, z)", weights="float s = {0.5}, int8 p = {0}, int8 n = {0}")
    assert found["point.passed"] is passed


@pytest.mark.parametrize(
    ("nodes", "weights", "parts"),
    [
        ("y, z = Split <axis = 1, num_outputs = 2> (x)", "", "uneven"),
        ("y, z = Split <num_outputs = 2> (x)", "", "equal"),
        ("y, z = Split (x, s)", "int64[2] s = {1, 1}", "equal"),
        ("y, z = Split <axis = 1> (x, s)", "int64[2] s = {1, 2}", "other"),
        ("n = Shape(x)\ns = Add(n, k)\ny, z = Split <axis = 1> (x, s)", "int64[2] k = {0, -2}", "other"),
    ],
)
def test_a_split_says_whether_its_parts_are_equal(nodes: str, weights: str, parts: str) -> None:
    assert of(nodes, weights=weights)["parts"] == parts


def test_the_parts_of_an_open_dim_are_unknown() -> None:
    assert of("y, z = Split <axis = 0, num_outputs = 2> (x)", inputs="float[n,3] x")["parts"] == "unknown"
    assert of("y, z = Split (x, s)", inputs="float[2,3] x, int64[2] s")["parts"] == "unknown"


@pytest.mark.parametrize(
    ("ends", "cuts", "left"),
    [("{1}", 1, "some"), ("{0}", 1, "empty"), ("{1, 2}", 2, "some"), ("{1, 2, 3}", "many", "some")],
)
def test_a_slice_says_how_many_dims_it_cuts_and_whether_something_is_left(ends: str, cuts: object, left: str) -> None:
    count = ends.count(",") + 1
    zeros = ", ".join("0" * count)
    found = of(
        "y = Slice(x, b, e)", inputs="float[2,3,4] x", weights=f"int64[{count}] b = {{{zeros}}}, int64[{count}] e = {ends}"
    )
    assert (found["cuts"], found["left"]) == (cuts, left)


def test_the_cuts_of_bounds_computed_at_run_time_are_counted_by_their_length() -> None:
    assert of("y = Slice(x, b, e)", inputs="float[2,3] x, int64[2] b, int64[2] e")["cuts"] == 2
    assert of("y = Slice(x, b, e)", inputs="float[2,3] x, int64[n] b, int64[n] e")["cuts"] is None


@pytest.mark.parametrize("given", ["value_float = 1.0", "value_ints = [1, 2]", "value = float {1}"])
def test_a_constant_says_which_attribute_holds_it(given: str) -> None:
    assert of(f"y = Constant <{given}> ()")["holds"] == given.partition(" ")[0]


@pytest.mark.parametrize(
    ("node", "covers"),
    [("Compress(x, c)", "part"), ("Compress <axis = 1> (x, c)", "whole"), ("Compress <axis = 0> (x, c)", "part")],
)
def test_a_compress_says_whether_its_condition_covers_the_dim(node: str, covers: str) -> None:
    assert of(f"y = {node}", inputs="float[2,3] x, bool[3] c")["covers"] == covers


def test_the_rank_of_a_result_is_told_where_it_may_be_higher_than_any_operand() -> None:
    found = of("y = Unsqueeze(x, a)", weights="int64[4] a = {0, 1, 2, 3}")
    assert (found["data.rank"], found["out.rank"]) == (2, 6)
    assert "out.rank" not in of("y = Relu(x)")


BRANCHES = "y = If(c) <then_branch = t () => (float[2,3] p) { p = Relu(x) }, else_branch = e () => (float[2,3] q) { q = Neg(x) }>"
BODY = "y = Loop(n, c, x) <body = l (int64 i, bool k, float[2,3] p) => (bool o, float[2,3] q) { o = Identity(k) q = Neg(p) }>"


@pytest.mark.parametrize(
    ("nodes", "inputs", "inside"),
    [
        (BRANCHES, "float[2,3] x, bool c", "branch"),
        ("c = Constant <value = bool {1}> ()\n" + BRANCHES, "float[2,3] x", "nothing"),
        (BODY, "float[2,3] x, int64 n, bool c", "nothing"),
        ("y = Neg(x)", "float[2,3] x", "nothing"),
    ],
)
def test_a_node_says_whether_it_stands_in_a_branch_that_running_decides_on(nodes: str, inputs: str, inside: str) -> None:
    found = Facts.of(Example(nodes, inputs=inputs).model).nodes
    assert [facets(node)["inside"] for node in found if node.op == "Neg"] == [inside]


@pytest.mark.parametrize(("state", "dims"), [("1,1,2", "batch"), ("1,b,2", "batch|sequence")])
def test_a_fixed_state_tells_the_batch_size_of_data_that_inference_gave_up_on(state: str, dims: str) -> None:
    nodes = (
        "k = NonZero(v)\nt = Transpose(k)\nf = Cast <to = 1> (t)\nz = Reshape(f, s)\ny = LSTM <hidden_size = 2> (z, w, r, , , h)"
    )
    inputs = f"float[4] v, float[{state}] h, float[1,8,3] w, float[1,8,2] r"
    found = of(nodes, inputs=inputs, weights="int64[3] s = {0, -1, 3}")
    assert found["X.dims"] == dims


@pytest.mark.parametrize(
    ("axes", "keep", "found"),
    [("int64[1] a", 0, False), ("int64[2] a", 0, True), ("int64[2] a", 1, False), ("int64[k] a", 0, None)],
)
def test_the_rank_left_by_axes_that_are_read_hangs_on_how_many_they_are(axes: str, keep: int, found: object) -> None:
    node = f"y = ReduceMean <keepdims = {keep}> (x, a)"
    assert of(node, inputs=f"float[2,3,4] x, {axes}", opset=18)["unranked"] is found
    assert of(node, inputs="float[2,3,4] x", weights="int64[2] a = {0, 1}", opset=18)["unranked"] is False


@pytest.mark.parametrize(("exponent", "dtypes"), [("float[3] e", "same"), ("int64[3] e", "other")])
def test_a_power_says_whether_base_and_exponent_have_one_dtype(exponent: str, dtypes: str) -> None:
    assert of("y = Pow(x, e)", inputs=f"float[2,3] x, {exponent}")["dtypes"] == dtypes


@pytest.mark.parametrize(
    ("nodes", "first"),
    [
        ("y = Slice(x, a, b)", True),
        ("y = Slice(x, a, b, a)", False),
        ("y = Slice(x, c, d)", False),
    ],
)
def test_a_slice_without_axes_says_whether_it_cuts_the_first_dims_only(nodes: str, first: bool) -> None:
    weights = "int64[1] a = {0}, int64[1] b = {1}, int64[2] c = {0, 0}, int64[2] d = {1, 1}"
    assert of(nodes, weights=weights)["first"] is first


@pytest.mark.parametrize(
    ("nodes", "counted"),
    [
        ("s = Shape(x)\nr = Size(s)\nf = Sub(r, o)\na = Range(f, r, o)\ny = ReduceMean(x, a)", True),
        ("s = Shape(x)\na = Sub(s, t)\ny = ReduceMean(x, a)", False),
        ("y = ReduceMean(x, t)", False),
    ],
)
def test_a_reduction_says_whether_its_axes_are_counted(nodes: str, counted: bool) -> None:
    weights = "int64 o = {1}, int64[1] t = {1}"
    assert of(nodes, weights=weights, inputs="float[2,3] x", opset=18)["counted"] is counted


@pytest.mark.parametrize(("dtype", "told"), [("float", "other"), ("float16", "same")])
def test_a_normalization_says_whether_its_parameters_have_the_dtype_of_its_data(dtype: str, told: str) -> None:
    inputs = "float16[2,3,4] x, " + ", ".join(f"{dtype}[3] {name}" for name in "sbmv")
    assert of("y = BatchNormalization(x, s, b, m, v)", inputs=inputs, outputs="float16 y")["dtypes"] == told


def test_a_join_of_open_dims_that_nothing_is_known_of_is_taken_for_one_that_fits() -> None:
    found = of(
        "a = Reshape(x, s)\nb = Reshape(x, s)\ny = Concat<axis = 1>(a, b)",
        inputs="float[n,m,4] x",
        weights="int64[3] s = {-1, 2, 2}",
    )
    assert found["extents"] == "same"


@pytest.mark.parametrize(
    ("target", "opens"), [("{-1, 4, 3}", "inferred"), ("{-1, 4}", "inferred"), ("{-1, 5}", "divided"), ("{8, 3}", "pinned")]
)
def test_a_reshape_counts_the_whole_multiples_of_an_open_dim(target: str, opens: str) -> None:
    sizes = "int64[2] d = {-1, 3}, int64[{rank}] s = ".replace("{rank}", str(target.count(",") + 1)) + target
    nodes = "w = Concat<axis = 0>(x, x, x, x)\nr = Reshape(x, d)\na = Shape(x)\nq = Tile(x, t)\ny = Reshape(q, s)"
    assert of(nodes, inputs="float[n,3] x", weights=f"{sizes}, int64[2] t = {{4, 1}}")["opens"] == opens


def test_what_becomes_of_dims_that_inference_gave_up_on_is_not_known() -> None:
    nodes = "k = NonZero(x)\nz = Cast<to = 1>(k)\nt = Shape(x)\ny = Reshape(z, t)"
    assert of(nodes, inputs="float[n,3] x")["opens"] is None


def test_a_reshape_to_named_dims_pins_no_dim_that_may_be_a_number() -> None:
    nodes = (
        "s = Shape(x)\nn = Slice(s, i0, i1)\nt = Slice(s, i2, i3)\nm = Add(t, i3)\nd = Concat<axis = 0>(n, less, four, m)\n"
        "r = Reshape(x, d)\ne = Concat<axis = 0>(n, eight, t, i3)\ny = Reshape(r, e)"
    )
    held = ", ".join(f"int64[1] {name} = {{{value}}}" for name, value in (
        ("i0", 0), ("i1", 1), ("i2", 2), ("i3", 3), ("less", -1), ("four", 4), ("eight", 8)))  # fmt: skip
    found = of(nodes, inputs="float[n,8,t,3] x", weights=held)
    assert (found["target"], found["opens"]) == ("named", None)


@pytest.mark.parametrize(
    ("attributes", "inputs", "cut"),
    [
        ("strides = [2, 2]", "float[1,2,9,9] x", "none"),
        ("strides = [2, 2], output_shape = [18, 18]", "float[1,2,9,9] x", "odd"),
        ("strides = [2, 2], output_shape = [17, 17]", "float[1,2,9,9] x", "even"),
        ("strides = [2, 2], output_shape = [19, 19]", "float[1,2,9,9] x", "even"),
        ("strides = [2, 2], output_shape = [19, 18]", "float[1,2,9,9] x", "odd"),
        ("strides = [2, 2], output_shape = [20, 20]", "float[1,2,9,9] x", "less"),
        ("strides = [2, 2], output_shape = [18, 18]", "float[1,2,h,9] x", None),
    ],
)
def test_a_stated_output_shape_says_what_it_cuts_off(attributes: str, inputs: str, cut: str | None) -> None:
    weights = f"float[2,1,3,3] w = {{{', '.join(['1'] * 18)}}}"
    assert of(f"y = ConvTranspose <{attributes}> (x, w)", inputs=inputs, weights=weights)["cut"] == cut


@pytest.mark.parametrize(("numbers", "against"), [("-1, -1", "negative"), ("-1, 2", "nothing"), ("1, 2", "nothing")])
def test_a_comparison_with_negative_numbers_is_told(numbers: str, against: str) -> None:
    assert of("s = Shape(x)\ny = Equal(s, k)", inputs="float[n,3] x", weights=f"int64[2] k = {{{numbers}}}")["against"] == against


@pytest.mark.parametrize(
    ("node", "opset", "lengths"),
    [
        ("y = DFT<axis = 2>(x, n)", 17, "own"),
        ("y = DFT<axis = 1>(x, m)", 17, "both"),
        ("y = DFT<axis = 2>(x, m)", 17, "second"),
        ("y = DFT<axis = 3>(x, n)", 17, "none"),
        ("y = DFT<axis = 2>(x)", 17, "absent"),
        ("y = DFT(x, n, a)", 20, "own"),
        ("y = DFT<axis = 9>(x, n)", 17, None),
    ],
)
def test_a_dft_says_which_dims_have_its_length(node: str, opset: int, lengths: str | None) -> None:
    weights = "int64 n = {8}, int64 m = {3}, int64 a = {2}"
    assert of(node, inputs="float[1,3,8,5,1] x", outputs="float[] y", weights=weights, opset=opset)["lengths"] == lengths


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ("y = ArgMax<axis = 0>(x)", False),
        ("i = ArgMax<axis = 0>(x)\nc = Cast<to = 7>(i)\ny = Neg(c)", "idle-cast"),
        ("i = ArgMax<axis = 0>(x)\nc = Cast<to = 7>(i)\ns = Shape(x)\ny = Add(s, c)", True),
        ("y = Cast<to = 7>(x)", True),
        ("i = Cast<to = 7>(x)\ny = Cast<to = 7>(i)", True),
    ],
)
def test_a_model_says_whether_an_output_holds_sizes_or_is_cast_to_its_own_dtype(nodes: str, told: object) -> None:
    facts = Facts.of(Example(nodes, inputs="float[n,3] x", outputs="int64[] y").model)
    assert model_facets(facts)["outputs.sizes"] == told


@pytest.mark.parametrize(
    ("dims", "symbols"), [("2,3", "none"), ("1,n,4", "one"), ("n,3", "one"), ("n,m", "several"), ("n,n", "several")]
)
def test_a_flatten_says_how_many_dims_are_dynamic(dims: str, symbols: str) -> None:
    assert of("y = Flatten(x)", inputs=f"float[{dims}] x")["symbols"] == symbols
