"""What `value_info` says, held against inference: numbers, symbols, formulas, names that onnx makes up."""

from __future__ import annotations

import pytest
from onnx import ModelProto, parser

from graphfix.analysis.facets.model import model_facets, telling
from graphfix.analysis.facts import Facts
from graphfix.analysis.value_info import annotation_class, evaluated, first_contradiction, first_named_count

POOL = "t = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(X) Y = Relu(t)"
HIDDEN = "k = NonZero(X) m = Cast<to = 1>(k) t = Relu(m) Y = Neg(t)"
RANGED = "o = Constant<value = float {1}>() k = Range(o, X, o) t = Relu(k) Y = Neg(t)"
SIZED = (
    "z = Constant<value = int64 {0}>() o = Constant<value = int64 {1}>() s = Shape(X) n = Gather(s, z) k = Range(z, n, o) "
    "c = Cast<to = 1>(k) t = Relu(c) Y = Neg(t)"
)
CHAIN = "t = Relu(X) Y = Neg(t)"


def model(given: str, said: str, body: str = CHAIN, **names: str) -> ModelProto:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{given}] X) => (float[] Y) <{said} t> {{ {body} }}'
    made = parser.parse_model(text)
    for dim in made.graph.value_info[0].type.tensor_type.shape.dim:
        if dim.dim_param in names:
            dim.dim_param = names[dim.dim_param]
    return made


def sized(given: str, said: str, **names: str) -> str:
    return annotation_class(Facts.of(model(given, said, POOL, **names)))


@pytest.mark.parametrize(
    ("given", "said", "found"),
    [
        ("2,3", "float[2,3]", "agreeing"),
        ("n,3", "float[n,3]", "agreeing"),
        ("2,3", "float[4,3]", "contradicting"),
        ("2,3", "float[n,3]", "contradicting"),
        ("n,3", "float[2,3]", "contradicting"),
        ("n,3", "float[m,3]", "contradicting"),
        ("2,3", "float[2,3,1]", "contradicting"),
        ("2,3", "double[2,3]", "contradicting"),
    ],
)
def test_annotations_are_held_against_inference(given: str, said: str, found: str) -> None:
    assert annotation_class(Facts.of(model(given, said))) == found


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        ("floor(h/2)", "formula"),
        ("h//2", "formula"),
        ("floor(h/2 - 1/2)", "contradicting"),  # wrong for even sizes only
        ("floor((h + 1)/2)", "contradicting"),  # wrong for odd sizes only
        ("pooled", "contradicting"),  # some other symbol stands for what follows from h
        ("unk__7", "made-up"),
    ],
)
def test_formulas_are_tried_at_odd_and_at_even_sizes(formula: str, found: str) -> None:
    assert sized("n,3,h,w", "float[n,3,p,q]", p=formula, q=formula.replace("h", "w")) == found


def test_a_name_for_what_hangs_on_data_contradicts_nothing() -> None:
    assert annotation_class(Facts.of(model("2,3", "float[2,found]", HIDDEN))) == "agreeing"


@pytest.mark.parametrize("name", ["found", "u0"])
def test_a_name_for_what_hangs_on_data_is_told_with_its_node(name: str) -> None:
    facts = Facts.of(model("2,3", "float[2,b]", HIDDEN, b=name))
    named = first_named_count(facts)
    assert named is not None
    assert named.op == "Relu"
    assert model_facets(facts)["counts.named"] is True


def test_the_length_of_a_range_by_numbers_of_the_data_is_a_count() -> None:
    facts = Facts.of(model("", "float[u0]", RANGED))
    named = first_named_count(facts)
    assert named is not None
    assert named.op == "Relu"


@pytest.mark.parametrize(
    ("given", "said", "body"),
    [
        ("n", "float[n]", SIZED),  # the length of a Range by a dim
        ("2,3", "float[2,unk__3]", HIDDEN),  # a name that onnx made up
        ("n,3", "float[n,3]", CHAIN),  # a dim of an input
    ],
)
def test_other_names_are_no_counts(given: str, said: str, body: str) -> None:
    facts = Facts.of(model(given, said, body))
    assert first_named_count(facts) is None
    assert model_facets(facts)["counts.named"] is False


@pytest.mark.parametrize(("given", "known"), [("2,3", "a size"), ("n,3", "a symbol")])
def test_a_name_that_an_exporter_made_contradicts_nothing(given: str, known: str) -> None:
    facts = Facts.of(model(given, "float[b,3]", b="Concatonnx::Unsqueeze_181_dim_0"))
    assert (known, annotation_class(facts)) == (known, "made-up")


def test_a_size_of_a_slice_of_unknown_length_is_taken_as_said() -> None:
    body = "a = Constant<value = int64[1] {0}>() b = Constant<value = int64[1] {1}>() t = Slice(X, a, b, b) Y = Neg(t)"
    assert annotation_class(Facts.of(model("n,m", "float[n,1]", body))) == "agreeing"


def test_a_model_without_annotations_has_none() -> None:
    made = model("2,3", "float[2,3]")
    del made.graph.value_info[:]
    assert annotation_class(Facts.of(made)) == "none"


def test_a_subgraph_is_looked_into() -> None:
    text = """<ir_version: 8, opset_import: ["": 17]> g (bool c, float[2,3] X) => (float[] Y) {
        Y = If(c) <then_branch = f () => (float[2,3] a) <float[%s,3] t> { t = Relu(X) a = Neg(t) },
                   else_branch = e () => (float[2,3] b) { b = Neg(X) }> }"""
    assert annotation_class(Facts.of(parser.parse_model(text % "2"))) == "agreeing"
    assert annotation_class(Facts.of(parser.parse_model(text % "batch"))) == "contradicting"


@pytest.mark.parametrize(
    ("formula", "size"),
    [
        ("h", 7),
        ("a.0 + h", 12),
        ("h/2", 3),
        ("floor(h/2 - 1/2) + 1", 4),
        ("ceil(h/2)", 4),
        ("-h + 9", 2),
        ("2*h % 5", 4),
        ("max(h, a.0)", 7),
        ("k", None),
        ("h/0", None),
        ("h**9", None),
        ("h**2", 49),
        ("(h", None),
        ("h.real", None),
        ("(" * 500, None),
    ],
)
def test_formulas_are_worked_out_exactly_or_not_at_all(formula: str, size: int | None) -> None:
    assert evaluated(formula, {"h": 7, "a.0": 5}) == size


@pytest.mark.parametrize(("symbol", "tells"), [("n", True), ("unk__3", True), ("?", False), ("*", False), ("None", False)])
def test_names_that_say_nothing_are_no_symbols(symbol: str, tells: bool) -> None:
    assert telling(symbol) is tells


def test_one_placeholder_for_several_dims_is_noticed() -> None:
    made = model("n,3,n", "float[n,3,n]")
    assert model_facets(Facts.of(made))["placeholders"] is False
    for dim in made.graph.input[0].type.tensor_type.shape.dim:
        if dim.dim_param:
            dim.dim_param = "?"
    assert model_facets(Facts.of(made))["placeholders"] is True


def test_the_first_node_with_a_wrong_annotation_is_found_whether_it_says_a_size_or_a_formula() -> None:
    made = model("n,3,h,w", "float[n,3,p,q]", POOL, p="floor(h/2 - 1/2)", q="floor(w/2)")
    made.graph.node[-1].output[0] = "u"
    made.graph.node.add(op_type="Neg", input=["u"], output=["Y"])
    wrong = made.graph.value_info.add(name="u")
    wrong.CopyFrom(made.graph.value_info[0])
    wrong.name, wrong.type.tensor_type.shape.dim[1].dim_value = "u", 4
    found = first_contradiction(Facts.of(made))
    assert found is not None
    assert found.op == "AveragePool"


def test_sizes_at_which_an_operator_cannot_run_decide_nothing() -> None:
    """A table of 64 rows is added to as many rows of the data: above that no formula of the exporter's holds."""
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[n,4] X, float[m,4] U) => (float[k,4] Y)'
        " <float[rows,4] t, int64[1] i = {0}, int64[2] z = {64, 4}> {"
        " C = Concat<axis = 0>(X, U) s = Shape(C) l = Gather(s, i) T = ConstantOfShape(z) S = Slice(T, i, l, i)"
        " t = Add(S, C) Y = Neg(t) }"
    )
    made = parser.parse_model(text)
    made.graph.value_info[0].type.tensor_type.shape.dim[0].dim_param = "Min(64, m + n)"
    assert annotation_class(Facts.of(made)) == "formula"
    made.graph.value_info[0].type.tensor_type.shape.dim[0].dim_param = "Min(64, m + n) + 1"
    assert annotation_class(Facts.of(made)) == "contradicting"
