"""Messages about one node: its own names, shapes and values, where its inputs come from, and what is accepted instead."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import Value
from graphfix.linter.engine import lint_model
from graphfix.linter.example import Example
from graphfix.linter.node_phrases import describe_node, operand_of, quoted, shape_text, unknown_note
from graphfix.tables.conditions import Condition

SLICED = Example(
    "s = Shape(x)\nd = Gather(s, i)\ne = Cast<to = 6>(d)\nb = Cast<to = 7>(e)\nz = Slice(x, b, c)",
    inputs="float[n,4] x",
    outputs="float[?,4] z",
    weights="int64[1] i = {0}, int64[1] c = {9}",
)

SIZED = Example(
    "s = Shape(x)\nf = Cast<to = 6>(s)\nd = Slice(f, i, j)\nc = Concat<axis = 0>(d, k)\nb = Cast<to = 7>(c)\ny = Reshape(x, b)",
    inputs="float[n,4] x",
    outputs="float[?,2,2] y",
    weights="int64[1] i = {0}, int64[1] j = {1}, int32[2] k = {2, 2}",
)


def said(example: Example, when: Condition, *, node: int = -1) -> str:
    """What is said of a node of an example for a condition that it meets."""
    facts = Facts.of(example.model)
    return describe_node(when, node_facets(facts)[node], facts.nodes[node], facts)


def test_a_computed_operand_is_traced_to_where_it_comes_from() -> None:
    assert said(SLICED, {"starts.from": ["cast-shape"]}) == (
        " with `starts` computed from dynamic dims via a Cast (Shape(`x`) → Gather → Cast → Cast, from dim 0 of input `x`)"
    )
    example = Example("y = Reshape(x, s)", inputs="float[2,3] x, int64[1] s")
    assert said(example, {"shape.from": ["runtime"]}) == " with `shape` computed at run time (input `s`)"


def test_roots_in_one_input_are_named_together_and_long_chains_lose_their_middle() -> None:
    example = Example(
        "s = Shape(x)\na = Neg(s)\nb = Neg(a)\nc = Neg(b)\nd = Neg(c)\ny = Expand(w, d)",
        inputs="float[n,m] x", outputs="float[?,?] y", weights="float w = {1.0}",
    )  # fmt: skip
    assert said(example, {"shape.from": ["shape"]}).endswith("(Shape(`x`) → Neg → … → Neg → Neg, from dims 0 and 1 of input `x`)")


def test_constants_are_said_with_their_numbers() -> None:
    example = Example("y = Squeeze(x, a)", inputs="float[1,3] x", weights="int64[1] a = {0}")
    assert said(example, {"axes.value": ["zeros"]}) == " with `axes` equal to [0]"


def test_ranks_dims_and_dtypes_name_the_tensor() -> None:
    example = Example("y = Softmax(x)", inputs="float[n,3] x")
    assert said(example, {"input.rank": [2]}) == " with rank 2 of `input` (`x`: [n, 3])"
    assert said(example, {"input.rank": [2], "input.dims": ["batch"]}) == (
        " with rank 2 of `input` (`x`: [n, 3]) and a dynamic batch dim in `input`"
    )
    assert said(example, {"T": ["float32"]}) == " with dtype float32 (`x`)"


def test_at_most_two_facets_have_notes_and_single_forms_have_none() -> None:
    example = Example("y = Conv(x, w, b)", inputs="float[1,2,8,8] x, float[2,2,3,3] w, float[2] b")
    words = said(example, {"X.rank": [4], "W.rank": [4], "B.rank": [1]})
    assert words == " with rank 4 of `X` (`x`: [1, 2, 8, 8]), rank 4 of `W` (`w`: [2, 2, 3, 3]) and rank 1 of `B`"
    assert said(example, {f"facet{n}": [1] for n in range(9)}) == " in exactly this form"


def test_branches_are_said_with_their_shapes() -> None:
    example = Example(
        "y = If(c) <then_branch = one () => (float[2,3] a) { a = Identity(x) }, "
        "else_branch = two () => (float[3] b) { b = Identity(z) }>",
        inputs="bool c, float[2,3] x, float[3] z", outputs="float y",
    )  # fmt: skip
    assert said(example, {"branches": ["other-rank"]}) == " with branches whose outputs differ in rank ([2, 3] and [3])"


def test_the_inputs_of_a_model_are_named() -> None:
    facts = Facts.of(Example("y = Add(x, z)", inputs="float[n,3] x, float[2,3] z").model)
    words = describe_node({"inputs.dims": ["batch"]}, model_facets(facts), None, facts)
    assert words == " with a dynamic batch dim in the inputs (`x`: [n, 3])"


def test_what_is_not_known_is_said_with_what_is() -> None:
    facts = Facts.of(Example("a = example.Mystery(x)\ny = Relu(a)").model)
    assert unknown_note(["X.rank"], facts.nodes[-1], facts) == " (`a`: unknown rank)"
    assert unknown_note(["mode"], facts.nodes[-1], facts) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value("x", "float32", (1, 3, "n", None)), "[1, 3, n, ?]"), (Value("x", "float32", ()), "scalar"),
        (Value("x", "float32", None), "unknown rank"), (Value("x", "float32", ("unk__3", "open__2", "2*n")), "[?, ?, 2*n]"),
        (Value("x", "float32", ("`a b`", "d" * 40)), "[a b, ?]"),
    ],
)  # fmt: skip
def test_shapes_are_written_with_the_models_own_names(value: Value, text: str) -> None:
    assert shape_text(value) == text


def test_long_names_are_shown_by_their_end() -> None:
    assert quoted("short") == "`short`"
    assert quoted("/model/layers.3/attention/Reshape_output_0") == "`…/Reshape_output_0`"
    assert quoted("a" * 40 + "b") == f"`…{'a' * 27}b`"


def test_operands_are_found_by_formal_name_or_position() -> None:
    node = Facts.of(Example("y = Squeeze(x, a)", inputs="float[1,3] x", weights="int64[1] a = {0}").model).nodes[0]
    assert getattr(operand_of(node, "axes"), "name", "") == "a"
    assert getattr(operand_of(node, "in0"), "name", "") == "x"
    assert operand_of(node, "in7") is None
    assert operand_of(node, "nothing") is None


MESSAGES = [
    (
        Example('y = Resize<mode = "cubic">(x, , s)', inputs="float[1,3,8] x", weights="float[3] s = {1.0, 1.0, 2.0}"),
        'Demo rejects `Resize` with `mode="cubic"` and rank 3 of `X` (`x`: [1, 3, 8]); '
        'it accepts `mode="linear"` or rank 4 of `X`',
    ),
    (Example("y = Mish(x)"), "Demo does not support `Mish`"),
]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(("example", "message"), MESSAGES)
def test_messages_of_findings(example: Example, message: str) -> None:
    assert message in [finding.message for finding in lint_model(example.model, ["demo"])[0].findings]


def test_a_message_says_what_a_compiler_cannot_do_where_it_comes_from_and_what_it_accepts() -> None:
    assert [finding.message for finding in lint_model(SIZED.model, ["tract"])[0].findings if finding.code == "GF105"] == [
        "tract rejects `Reshape` with `shape` computed from dynamic dims via a Cast "
        "(Shape(`x`) → Cast → … → Concat → Cast, from dim 0 of input `x`); it accepts `shape` constant"
    ]


def test_a_facet_that_is_not_known_is_not_said_as_none() -> None:
    facts = Facts.of(Example("y = ReduceMax(x, a)", inputs="float[2,3] x, int64[1] a", outputs="float[?,?] y").model)
    facets = {**node_facets(facts)[-1], "axes": None}
    assert describe_node({"axes": ["one", "absent"], "data.rank": [2]}, facets, facts.nodes[-1], facts) == (
        " with rank 2 of `data` (`x`: [2, 3])"
    )
