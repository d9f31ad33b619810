"""Facts: inferred anew, folded where shapes depend on arithmetic, right at every depth."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.ir.bind_inputs import bind
from graphfix.linter.example import Example

IF = Example(
    "y = If(c) <then_branch = a () => (float[2,3] p) { p = Relu(x) }, else_branch = b () => (float[2,3] q) { q = Neg(x) }>",
    inputs="float[2,3] x, bool c",
)


def facts(nodes: str, **more: str) -> Facts:
    return Facts.of(Example(nodes, **more).model)  # type: ignore[arg-type]


def test_dtype_and_shape_follow_from_the_inputs() -> None:
    found = facts("y = Transpose(x)").value("y")
    assert found is not None
    assert (found.dtype, found.shape, found.source) == ("float32", (3, 2), "runtime")


def test_stale_value_info_and_output_shapes_are_not_trusted() -> None:
    model = Example("a = Relu(x)\ny = Neg(a)", outputs="float[20,1,8210] y").model
    model.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, [7, 7]))
    found = Facts.of(model)
    assert found.value("a").shape == (2, 3)  # type: ignore[union-attr]
    assert found.value("y").shape == (2, 3)  # type: ignore[union-attr]


def test_the_model_given_is_not_changed() -> None:
    model = Example("s = Shape(x)\ny = Expand(x, s)").model
    before = model.SerializeToString()
    Facts.of(model)
    assert model.SerializeToString() == before


def test_shape_arithmetic_over_fixed_dims_is_folded_through_floats() -> None:
    found = facts(
        "s = Shape(x)\nh = Gather(s, i)\nf = Cast<to = 1>(h)\nd = Mul(f, half)\nr = Floor(d)\n"
        "n = Cast<to = 7>(r)\nu = Unsqueeze(n, z)\nt = Concat<axis = 0>(u, minus)\ny = Reshape(x, t)",
        inputs="float[5,8] x",
        weights="int64 i = {1}, float half = {0.5}, int64[1] z = {0}, int64[1] minus = {-1}",
    )
    target, result = found.value("t"), found.value("y")
    assert target is not None
    assert result is not None
    assert target.source == "folded"
    assert target.constant is not None
    assert target.constant.tolist() == [4, -1]
    assert result.shape == (4, 10)


def test_a_folded_operand_keeps_its_own_node_and_source() -> None:
    found = facts("s = Shape(x)\nd = Mul(s, two)\ny = Expand(x, d)", inputs="float[1,1] x", weights="int64 two = {2}")
    assert [node.op for node in found.nodes] == ["Shape", "Mul", "Expand"]
    assert found.value("d").source == "folded"  # type: ignore[union-attr]


def test_free_dims_make_shape_values_and_runtime_inputs_make_runtime_values() -> None:
    found = facts("s = Shape(x)\na = Abs(n)", inputs="float[n,4] x, int64 n", outputs="int64 s, int64 a")
    assert found.value("s").source == "shape"  # type: ignore[union-attr]
    assert found.value("a").source == "runtime"  # type: ignore[union-attr]


def test_part_of_a_shape_is_known_when_its_dims_are_fixed() -> None:
    found = facts("s = Shape<start = 1>(x)", inputs="float[n,4] x", outputs="int64 s").value("s")
    assert found is not None
    assert found.constant is not None
    assert found.constant.tolist() == [4]


def test_values_inside_branches_are_found_by_scope() -> None:
    found = Facts.of(IF.model)
    inner = [node for node in found.nodes if node.scope]
    assert [node.op for node in inner] == ["Relu", "Neg"]
    assert inner[0].scope == ("then_branch of y",)
    assert inner[0].inputs[0] is found.value("x")
    assert found.value("x", inner[0].scope) is found.value("x")
    assert found.nodes[-1].captured == ("x",)


def test_local_functions_are_inlined() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18, "local" : 1]> g (float[2,3] x) => (float y) { y = local.twice(x) }'
        '<domain: "local", opset_import: ["" : 18]> twice (a) => (b) { b = Add(a, a) }'
    )
    assert [node.op for node in Facts.of(model).nodes] == ["Add"]


def test_a_large_weight_keeps_shape_and_dtype_but_no_value() -> None:
    model = Example("y = MatMul(x, w)", inputs="float[2,300] x").model
    model.graph.initializer.append(numpy_helper.from_array(np.ones((300, 40), np.float32), "w"))
    found = Facts.of(model).value("w")
    assert found is not None
    assert (found.dtype, found.shape, found.source, found.constant) == ("float32", (300, 40), "constant", None)


def test_negative_dims_are_unknown() -> None:
    model = Example("y = Relu(x)").model
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    assert Facts.of(model).value("y").shape[1] == 3  # type: ignore[union-attr,index]
    assert not Facts.of(model).value("y").fixed  # type: ignore[union-attr]


def test_binding_an_input_settles_what_hangs_on_it() -> None:
    model = Example("e = Equal(n, k)", inputs="int64 n", outputs="bool e", weights="int64 k = {16000}").model
    found = Facts.of(bind(model, {}, {"n": 16000})).value("e")
    assert found is not None
    assert found.source == "folded"
    assert found.constant is not None
    assert bool(found.constant)


def test_random_operators_are_never_constant() -> None:
    found = facts("y = RandomNormalLike(k)", weights="float[2] k = {1.0, 2.0}").value("y")
    assert found is not None
    assert found.source == "runtime"


def test_long_vectors_do_not_cost_memory_by_the_element() -> None:
    size = 200_000_000
    model = Example(
        "b = Add(a, a)\nc = Reshape(b, s)", inputs=f"float[{size}] a", outputs="float c", weights="int64[1] s = {-1}"
    ).model
    found = Facts.of(model)
    assert found.value("c").shape == (size,)  # type: ignore[union-attr]
    assert found.trouble is None


def test_a_long_weight_does_not_cost_memory_by_the_element() -> None:
    model = Example("y = Add(x, w)", inputs="float[1] x").model
    model.graph.initializer.add(name="w", dims=[200_000_000], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    assert Facts.of(model).value("y").shape == (200_000_000,)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("nodes", "weights"),
    [
        ("\n".join(f"v{at + 1} = Concat<axis = 0>(v{at}, v{at})" for at in range(40)), "int64[1] v0 = {1}"),
        ("v40 = Range(a, b, d)", f"int64 a = {{0}}, int64 b = {{{2**40}}}, int64 d = {{1}}"),
        (
            f"b = Constant<value_int = 7>()\nc = Constant<value = int64 {{{7 * 2**40 + 7}}}>()\nv40 = Range(b, c, b)",
            "",
        ),
    ],
    ids=["concat", "range", "constants"],
)
def test_vectors_that_grow_from_constants_do_not_cost_memory_by_the_element(nodes: str, weights: str) -> None:
    found = Facts.of(Example(f"{nodes}\ny = Cast<to = 1>(v40)", weights=weights).model)
    assert found.value("y").shape == (2**40,)  # type: ignore[union-attr]
    assert found.trouble is None


def test_constants_of_outer_scopes_shape_values_in_branches() -> None:
    model = Example(
        "y = If(c) <then_branch = a () => (float[1,2,3] p) { p = Unsqueeze(x, z) }, "
        "else_branch = b () => (float[1,2,3] q) { q = Unsqueeze(x, z) }>",
        inputs="float[2,3] x, bool c",
        weights="int64[1] z = {0}",
    ).model
    found = Facts.of(model)
    inner = found.value("p", ("then_branch of y",))
    assert inner is not None
    assert inner.shape == (1, 2, 3)
    assert found.value("y").shape == (1, 2, 3)  # type: ignore[union-attr]
    assert not found.model.graph.node[0].attribute[0].g.initializer, "the model itself is as it was"


def test_what_a_branch_gives_may_shape_a_value() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[A, B] y) <bool yes = {1}> {
             s = If (yes) <then_branch = t () => (int64[2] a) <int64[2] q = {2, 3}> { a = Identity(q) },
                           else_branch = e () => (int64[2] b) { b = Constant<value = int64[2] {3, 2}>() }>
             y = Reshape(x, s) }"""
    )
    facts = Facts.of(model)
    assert facts.trouble is None
    assert [node.outputs[0].shape for node in facts.nodes if node.outputs[0]] == [(2,), (2,), (2,), (2, 3)]


def test_an_if_with_a_known_condition_has_the_shape_of_the_branch_that_runs() -> None:
    squeeze = Example(
        "s = Shape(x)\nd = Gather(s, i)\nc = Equal(d, one)\n"
        "q = If(c) <then_branch = a () => (p) { p = Squeeze(x, z) }, else_branch = b () => (r) { r = Identity(x) }>\n"
        "t = Shape(q)\ny = Expand(one, t)",
        inputs="float[1,3,4] x",
        outputs="int64 y",
        weights="int64 i = {0}, int64 one = {1}, int64[1] z = {0}",
    )
    found = Facts.of(squeeze.model)
    assert found.value("q").shape == (3, 4)  # type: ignore[union-attr]
    assert found.value("y").shape == (3, 4)  # type: ignore[union-attr]


def test_the_initial_state_tells_the_batch_size_of_a_recurrent_layer() -> None:
    found = facts(
        "y, h = GRU<hidden_size = 2>(x, w, r, , , s)",
        inputs="float[t,b,3] x, float[1,6,3] w, float[1,6,2] r, float[1,1,2] s",
        outputs="float y, float h",
    )
    assert found.value("y").shape == ("t", 1, 1, 2)  # type: ignore[union-attr]
    assert found.value("h").shape == (1, 1, 2)  # type: ignore[union-attr]


def test_the_parts_of_a_split_have_their_stated_sizes_also_along_an_unknown_dim() -> None:
    weights = "int64[2] parts = {1, 2}"
    found = facts("i = NonZero(x)\nt = Transpose(i)\na, y = Split<axis = 0>(t, parts)", outputs="int64 y", weights=weights)
    assert [found.value(name).shape for name in ("a", "y")] == [(1, 2), (2, 2)]  # type: ignore[union-attr]
    found = facts("i = NonZero(x)\nt = Transpose(i)\na, y = Split<axis = 1>(t, ones)", outputs="int64 y",
                  weights="int64[2] ones = {1, 1}")  # fmt: skip
    shape = found.value("y").shape  # type: ignore[union-attr]
    assert shape is not None
    assert (isinstance(shape[0], int), shape[1]) == (False, 1)


def test_the_length_of_a_target_tells_the_rank_and_its_constants_some_sizes() -> None:
    found = facts(
        "s = Shape(x)\nn = Gather(s, i)\nd = Div(n, two)\nu = Unsqueeze(d, z)\nt = Concat<axis = 0>(u, c)\n"
        "y = ConstantOfShape(t)\nr = Reshape(x, t)",
        inputs="float[n,m] x",
        outputs="float y, float r",
        weights="int64 i = {0}, int64 two = {2}, int64[1] z = {0}, int64[2] c = {-1, 8}",
    )
    assert found.value("y").rank == 3  # type: ignore[union-attr]
    assert found.value("r").shape[2] == 8  # type: ignore[union-attr,index]


def test_what_fixed_dims_stand_behind_is_told_from_what_is_computed_of_constants() -> None:
    found = facts("s = Shape(x)\na = Add(s, s)\nt = Shape(k)\nb = Add(t, t)", weights="float[2] k = {1, 1}")
    for name, measured in {"s": True, "a": True, "t": False, "b": False}.items():
        value = found.value(name)
        assert value is not None
        assert (value.source, value.measured) == ("folded", measured)


def test_a_batch_that_only_an_initial_state_tells_is_marked() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (float[3,n,3] X, float[1,%s,2] h) => (float[] Y) {
        w = Constant<value = float[1,6,3] {%s}>() r = Constant<value = float[1,6,2] {%s}>()
        u, s = GRU<hidden_size = 2>(X, w, r, , , h) v = Relu(s) z = Relu(u) Y = Squeeze(z) }"""
    zeros = ", ".join(["0"] * 18), ", ".join(["0"] * 12)
    told = Facts.of(parser.parse_model(text % ("1", *zeros)))
    squeeze = told.nodes[-1]
    assert squeeze.inputs[0] is not None
    assert (squeeze.inputs[0].shape, squeeze.inputs[0].assumed) == ((3, 1, 1, 2), (2,))
    assert facets(squeeze)["squeezed"] == "assumed"
    assert facets(Facts.of(parser.parse_model(text % ("2", *zeros))).nodes[-1])["squeezed"] == "unknown"  # not one at all
    open_too = Facts.of(parser.parse_model(text % ("n", *zeros)))
    assert open_too.nodes[-1].inputs[0] is not None
    assert open_too.nodes[-1].inputs[0].assumed == ()
    assert told.value("v") is not None
    assert told.value("v").assumed == ()  # type: ignore[union-attr]  # shaped as the initial state is


def test_a_size_that_only_folding_knows_reaches_what_is_computed_from_it() -> None:
    found = facts(
        "s = Shape(x)\nlast = Slice(s, two, three)\nrow = Reshape(c, last)\nm = Mul(x, row)\ny = Relu(m)",
        inputs="float[1,4,6] x",
        weights="int64[1] two = {2}, int64[1] three = {3}, float[6] c = {1, 2, 3, 4, 5, 6}",
        opset=12,
    )
    assert found.value("m").shape == (1, 4, 6)  # type: ignore[union-attr]
    assert found.value("y").shape == (1, 4, 6)  # type: ignore[union-attr]


def test_a_reshape_has_as_many_elements_as_its_data() -> None:
    found = facts(
        "s = Shape(x)\nn = Slice(s, zero, one)\nt = Concat<axis = 0>(n, minus)\ny = Reshape(x, t)",
        inputs="float[N,5,2,3] x",
        weights="int64[1] zero = {0}, int64[1] one = {1}, int64[1] minus = {-1}",
        opset=12,
    )
    assert found.value("y").shape == ("N", 30)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("shape", "columns", "wanted"), [("2,6", 4, 3), ("2,2", 4, 1), ("2,3", 4, None), ("1,2", 4, None), ("0,4", 4, 0)]
)
def test_a_dim_is_counted_where_the_others_divide_the_elements(shape: str, columns: int, wanted: int | None) -> None:
    found = facts(
        "t = Concat<axis = 0>(k, last)\ny = Reshape(x, t)",
        inputs=f"float[{shape}] x, int64[1] k",
        weights=f"int64[1] last = {{{columns}}}",
    ).value("y")
    assert found is not None
    assert found.shape is not None
    assert found.shape[1] == columns
    assert found.shape[0] == wanted if wanted is not None else not isinstance(found.shape[0], int)


def test_of_no_elements_no_dim_is_counted() -> None:
    found = facts(
        "t = Concat<axis = 0>(k, zero)\ny = Reshape<allowzero = 1>(x, t)",
        inputs="float[0,4] x, int64[1] k",
        weights="int64[1] zero = {0}",
    ).value("y")
    assert found is not None
    assert found.shape is not None
    assert found.shape[1] == 0
    assert not isinstance(found.shape[0], int)


SOURCES = ("constant", "folded", "shape", "cast", "runtime")
"""What conditions come from, the most settled first, and what they are called here."""
MADE = """folded = Not(constant) s = Shape(x) n = Gather<axis = 0>(s, first) shape = Equal(n, one)
          f = Cast<to = 6>(n) cast = Equal(f, other) runtime = Identity(given)"""


def either(result: str, condition: str, then: str) -> str:
    """An If that gives a result, with nodes that make `u` in one branch, and an Abs in the other."""
    branches = f"then_branch = a () => (float[m] u) {{ {then} }}, else_branch = b () => (float[m] v) {{ v = Abs(x) }}"
    return f"{result} = If({condition}) <{branches}>"


@pytest.mark.parametrize("outer", SOURCES)
@pytest.mark.parametrize("inner", SOURCES)
def test_a_branch_in_a_branch_runs_under_the_less_settled_condition(outer: str, inner: str) -> None:
    nodes = f"{MADE} {either('y', outer, 'e = Exp(x) ' + either('u', inner, 'u = Neg(x)'))}"
    weights = "bool constant = {1}, int64 first = {0}, int64 one = {1}, int32 other = {1}"
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[m] x, bool given) => (float[m] y) <{weights}> {{ {nodes} }}'
    under = {node.op: node.under for node in Facts.of(parser.parse_model(text)).nodes}
    called = {name: "cast-shape" if name == "cast" else name for name in SOURCES}
    assert under["Exp"] == called[outer]
    assert under["Neg"] == called[max(outer, inner, key=SOURCES.index)]
    assert under["Shape"] == "nothing"


@pytest.mark.parametrize("last", ["", ", 1"])
@pytest.mark.parametrize(
    ("length", "sides", "wanted"),
    [
        ("2048", "", (2, 13, 257, 2)),
        ("2048", "<onesided = 0>", (2, 13, 512, 2)),
        ("n", "", (2, None, 257, 2)),
        ("n", "<onesided = 0>", (2, None, 512, 2)),
    ],
)
def test_an_stft_has_frames_and_bins_and_is_one_sided_unless_it_says_otherwise(
    last: str, length: str, sides: str, wanted: tuple[int | None, ...]
) -> None:
    inputs, weights = f"float[2, {length}{last}] x, float[512] window", "int64 hop = {128}"
    found = facts(f"y = STFT {sides}(x, hop, window)", inputs=inputs, weights=weights).value("y")
    assert found is not None
    assert found.shape is not None
    assert tuple(dim if isinstance(dim, int) else None for dim in found.shape) == wanted


def test_an_stft_without_a_window_has_the_bins_of_its_frame_length() -> None:
    weights = "int64 hop = {128}, int64 width = {400}"
    found = facts("y = STFT(x, hop, , width)", inputs="float[2, n] x", weights=weights).value("y")
    assert found is not None
    assert found.shape is not None
    assert found.shape[2:] == (201, 2)


def test_axes_that_are_not_known_tell_the_rank_of_an_unsqueeze_by_their_number() -> None:
    body = "Y = Unsqueeze(X, axes) Z = Unsqueeze(X, others)"
    head = '<ir_version: 8, opset_import: ["": 17]> g (float[2,3] X, int64[2] axes, int64[n] others) => (float Y, float Z)'
    nodes = Facts.of(parser.parse_model(f"{head} {{ {body} }}")).nodes
    assert [node.outputs[0].shape for node in nodes if node.outputs[0] is not None] == [(None,) * 4, None]
