"""Structural patterns: one file and one entry in the list are all that a new one takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from onnx import ModelProto, parser

from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.patterns import registry as structural
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern
from graphfix.analysis.patterns.words import WORDS
from graphfix.linter.example import Example
from graphfix.probe.naming import kind_of
from graphfix.tables.phrases import phrase
from graphfix.tables.target_facets import loading_facets

SQUARED = StructuralPattern(
    frozenset({"Exp", "Neg"}),
    {"squared": "nothing", "squared.again": False},
    lambda context: {at: {"squared": "Mul"} for at in context.at({"Exp"}) if context.producer(_read(context, at)) is not None},
)


def _read(context: Context, at: int) -> str:
    operand = context.nodes[at].inputs[0]
    return operand.name if operand is not None else ""


@pytest.fixture
def register() -> Iterator[Callable[[StructuralPattern], None]]:
    """Puts a pattern into the list, as a file of its own would be."""
    caches = structural.usual, structural._judges
    with pytest.MonkeyPatch.context() as patch:

        def add(pattern: StructuralPattern) -> None:
            patch.setattr(structural, "PATTERNS", (*structural.PATTERNS, pattern))
            for cache in caches:
                cache.cache_clear()

        yield add
    for cache in caches:
        cache.cache_clear()


def test_a_new_pattern_is_seen_in_the_facets_and_tells_nodes_apart(register: Callable[[StructuralPattern], None]) -> None:
    register(SQUARED)
    facts = Facts.of(Example("a = Exp(x)\nb = Mul(a, a)\ny = Exp(b)\nz = Neg(b)").model)
    told = [{name: value for name, value in found.items() if name.startswith("squared")} for found in node_facets(facts)]
    usual = {"squared": "nothing", "squared.again": False}
    assert told == [usual, {}, {**usual, "squared": "Mul"}, usual]


def test_a_pattern_of_single_nodes_is_asked_about_their_operands(register: Callable[[StructuralPattern], None]) -> None:
    register(
        StructuralPattern(frozenset({"Exp"}), {"wide": False}, judge=lambda node, inputs, extents: {"wide": inputs[0].rank == 2})
    )
    facts = Facts.of(Example("a = Exp(x)\ny = Exp(z)\nb = Neg(x)", inputs="float[2,3] x, float[4] z").model)
    assert [found.get("wide") for found in node_facets(facts)] == [True, False, None]


@pytest.mark.parametrize("pattern", structural.PATTERNS, ids=lambda pattern: next(iter(pattern.usual)))
def test_a_pattern_says_of_its_own_facets_what_they_mean(pattern: StructuralPattern) -> None:
    for name in pattern.usual:
        assert kind_of({name: [True]}) == pattern.kind
        assert (name in loading_facets()) == pattern.loading


def test_words_are_of_facets_of_patterns() -> None:
    flattening = {"copied", "inferred"}  # of one operator, and so of no pattern
    assert {name for name, _ in WORDS} <= flattening.union(*(pattern.usual for pattern in structural.PATTERNS))
    for (name, value), words in WORDS.items():
        assert phrase(name, value) == words


def test_patterns_share_no_facet() -> None:
    names = [name for pattern in structural.PATTERNS for name in pattern.usual]
    assert len(set(names)) == len(names)


def row(result: str) -> str:
    """Nodes in a row that regroups."""
    return f"h = Reshape(x, s) i = Transpose<perm = [1, 0]>(h) {result} = Reshape(i, t)"


def branch(result: str, then: str) -> str:
    """An If with these nodes, which make `u`, in its first branch, and a Reshape that stands alone in the other."""
    made = f"then_branch = a () => (float[m,k] u) {{ {then} }}, else_branch = b () => (float[m,k] v) {{ v = Reshape(x, s) }}"
    return f"{result} = If(c) <{made}>"


def whole(nodes: str) -> ModelProto:
    """A model of these nodes, which make `y` and `z`."""
    given = "float[2,3] x, bool c, int64[2] s, int64[2] t"
    text = f'<ir_version: 8, opset_import: ["": 17]> g ({given}) => (float[m,k] y, float[m,k] z) {{ {nodes} }}'
    return parser.parse_model(text)


def test_patterns_are_found_in_the_graph_that_they_stand_in() -> None:
    facts = Facts.of(whole(f"w = Reshape(x, s) {branch('y', 'g = Abs(x) ' + branch('u', row('u')))} {row('z')}"))
    found = [(len(node.scope), node.label) for node in facts.nodes if facets(node).get("regroups")]
    assert found == [(2, "h"), (2, "i"), (2, "u"), (0, "h"), (0, "i"), (0, "z")]
    assert len([node for node in facts.nodes if node.op == "Reshape"]) == 7


@pytest.mark.parametrize("first", [True, False])
def test_subgraphs_of_one_name_are_kept_apart(first: bool) -> None:
    bodies = [row("u"), "n = Neg(x) o = Abs(n) u = Exp(o)"]
    model = whole(" ".join(map(branch, "yz", bodies if first else bodies[::-1])))
    for node in model.graph.node:
        node.name = "same"
    facts = Facts.of(model)
    assert [node.label for node in facts.nodes if facets(node).get("regroups")] == ["h", "i", "u"]
    assert all(node.op in ("Reshape", "Transpose") for node in facts.nodes if node.structure)


def test_a_node_may_be_part_of_several_patterns() -> None:
    weights = "int64[2] s = {4, 4}, int64[2] t = {2, 8}"
    model = Example(row("y").replace(") ", ")\n"), inputs="float[n,3] x", weights=weights).model
    found = [dict(node.structure) for node in Facts.of(model).nodes]
    assert found == [{"clashes": True, "regroups": True}, {"regroups": True}, {"regroups": True}]


def test_producers_and_nodes_agree_on_what_was_found() -> None:
    model = Example(
        "e = Expand(x, s)\ny = MatMul(e, z)", inputs="float[1,4] x, float[4,5] z", weights="int64[2] s = {6, 4}"
    ).model
    facts = Facts.of(model)
    assert facts.producer("e") is facts.nodes[0]
    assert dict(facts.nodes[0].structure) == {"feeds": "free", "feeds.by": "product"}
    assert facts.nodes[1].structure == ()


UNEVEN = (
    "b = If(c) <then_branch = t () => (float[1,1,16] u) {{ u = Unsqueeze(x, ax) }}, "
    "else_branch = e () => (float[{other}] v) {{ v = Reshape(x, s) }}>\n{between}y = Conv<kernel_shape = [3]>(b, w)"
)


@pytest.mark.parametrize(("other", "branched"), [("2,1,8", True), ("1,1,16", False), ("1,2,8", True)])
def test_a_convolution_behind_branches_that_differ_in_dims(other: str, branched: bool) -> None:
    weights = f"int64[1] ax = {{1}}, int64[3] s = {{{other}}}, float[4,1,3] w = {{{', '.join(['1'] * 12)}}}"
    model = Example(UNEVEN.format(other=other, between=""), inputs="float[1,16] x, bool c", weights=weights).model
    node = next(node for node in Facts.of(model).nodes if node.op == "Conv")
    assert facets(node)["branched"] is branched
    assert phrase("branched", True) == "data from an If whose branches differ in dims"


def test_a_dequantization_of_a_model_input() -> None:
    weights = "float s = {0.5}, int8 z = {0}"
    given = Example("y = DequantizeLinear(x, s, z)", inputs="int8[2,3] x", weights=weights).model
    between = Example("q = QuantizeLinear(x, s, z)\ny = DequantizeLinear(q, s, z)", inputs="float[2,3] x", weights=weights).model
    assert [facets(Facts.of(model).nodes[-1])["entering"] for model in (given, between)] == [True, False]
