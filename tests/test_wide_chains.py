"""Chains of tensors of many axes: whether all of a chain can be written on fewer axes."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.analysis.facts import Facts
from graphfix.analysis.surroundings import surroundings
from graphfix.analysis.wide_chains import CHAIN, WideChains
from graphfix.linter.measured_fix import fix_fields
from graphfix.probe.build import probes
from graphfix.probe.fix_contexts import WIDE, in_context
from graphfix.probe.subject import NODE
from graphfix.rewriting.registry import registry
from graphfix.tables.evidence import Evidence
from graphfix.tables.measured_fix import MeasuredFix

HEAD = '<ir_version: 8, opset_import: ["" : 17]> '
CLOSED = """g (float[24, 8] X) => (float[M] Y)
<int64[6] six = {1, 2, 3, 4, 2, 4}, int64[1] all = {-1}, float[1, 1, 3, 1, 1, 1] w = {1, 2, 3}> {
  a = Reshape(X, six) b = Mul(a, w) c = ReduceSum<keepdims = 1>(b) Y = Reshape(c, all) }"""
BARRED = {
    "an operator with no form on merged axes": CLOSED.replace("Mul(a, w)", "CastLike(a, w)"),
    "an output of the model": CLOSED.replace("(float[M] Y)", "(float[M] Y, float[1, 2, 3, 4, 2, 4] b)"),
    "an input of the model": CLOSED.replace("float[24, 8] X)", "float[24, 8] X, float[1, 2, 3, 4, 2, 4] e)").replace(
        "Mul(a, w)", "Mul(a, e)"
    ),
    "several dims that are not fixed": """g (float[A, B, 4, 8] X) => (float[M] Y)
<int64[1] two = {4}, int64[1] three = {5}, int64[1] all = {-1}> {
  a = Unsqueeze(X, two) b = Unsqueeze(a, three) c = Relu(b) Y = Reshape(c, all) }""",
}


def chains(text: str) -> dict[str, str | None]:
    facts = Facts.of(parser.parse_model(HEAD + text))
    return {node.op: surroundings(node, facts).get(CHAIN) for node in facts.nodes}


def test_a_chain_between_reshapes_is_closed() -> None:
    assert chains(CLOSED) == {"Reshape": "closed", "Mul": "closed", "ReduceSum": "closed"}


def test_nodes_on_few_axes_are_in_no_chain() -> None:
    found = chains("g (float[2, 3] X) => (float[2, 3] Y) { a = Relu(X) Y = Neg(a) }")
    assert found == {"Relu": None, "Neg": None}


@pytest.mark.parametrize("text", BARRED.values(), ids=BARRED)
def test_one_place_opens_the_whole_chain(text: str) -> None:
    assert set(chains(text).values()) - {None} == {"open"}


def test_two_chains_are_told_apart() -> None:
    facts = Facts.of(parser.parse_model(HEAD + CLOSED.replace("(float[M] Y)", "(float[M] Y, float[1, 2, 3, 4, 2, 4] o)").replace(
        "Y = Reshape(c, all)", "Y = Reshape(c, all) p = Reshape(X, six) o = Relu(p)"
    )))  # fmt: skip
    found = {name: state for (_, name), state in WideChains.of(facts).items()}
    assert found == {"a": "closed", "b": "closed", "c": "closed", "p": "open", "o": "open"}


@pytest.mark.parametrize("text", [CLOSED, *(text for name, text in BARRED.items() if "operator" in name)])
def test_a_closed_chain_is_what_the_rewrite_leaves_no_wide_tensor_of(text: str) -> None:
    model = parser.parse_model(HEAD + text)
    done = registry()["narrow-rank"].apply(model).model
    assert done is not None
    assert (not WideChains.of(Facts.of(done))) == ("open" not in chains(text).values())


@pytest.mark.parametrize(("text", "named"), [(CLOSED, "narrow-rank"), (BARRED["an output of the model"], None)])
def test_a_fix_of_closed_chains_is_named_for_nodes_in_one(text: str, named: str | None) -> None:
    facts = Facts.of(parser.parse_model(HEAD + text))
    fix = MeasuredFix("narrow-rank", ("narrow-rank",), "exact", 5, 5, {CHAIN: ["closed"]})
    evidence = Evidence("rank", "rank", {}, "", "", 8, 0, tried=13, fixed_by=(fix,))
    node = next(node for node in facts.nodes if node.op == "ReduceSum")
    found = fix_fields(facts, "coreml", node, evidence, {}).get("rewrite")
    assert (found and found.name) == named


@pytest.mark.parametrize("op", [*WIDE, "ConvInteger"])
def test_models_for_trials_are_lawful_and_differ_around_the_node(op: str) -> None:
    made = probes(in_context(op))
    assert made.probes
    assert (made.faults, made.dropped) == ([], 0)
    around = []
    for probe in made.probes:
        facts = Facts.of(probe.model)
        around.append(surroundings(next(node for node in facts.nodes if node.label == NODE), facts))
    assert op == "ConvInteger" or {each[CHAIN] for each in around} == {"closed"}
    assert op not in ("ConvInteger", "Gather", "Reshape") or len({each["behind"] for each in around}) > 1
