"""Wrong numerics weigh as much as a rejection when rewrites are chosen: neither is traded for the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

import graphfix
import graphfix.rewriting.registry
from graphfix.analysis.facts import Facts
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.pipeline import FixResult, fix_model
from graphfix.rewriting.rewrite import FixRule, Safety
from graphfix.rewriting.verdict_comparison import is_wrong, trades

Judge = Callable[[ModelProto], list[Result]]


def model(body: str) -> ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y) {{ {body} }}'
    return onnx.parser.parse_model(text)


def finding(node: Any, target: str, *, wrong: bool, severity: Severity = Severity.WARNING) -> Finding:
    code, kind = ("GF301", "wrong") if wrong else ("GF101", "operator")
    grade = severity if wrong else Severity.ERROR
    return Finding(code, code, grade, target, node.op, node.scope, node.label, node.op, "", node.proto.output[0], kind)


def judge(rejected: str = "", wrong: str = "", target: str = "demo") -> Judge:
    """A judge for whom some operators are rejected, and others compile to something else; names are separated by spaces."""

    def verdicts(graph: ModelProto) -> list[Result]:
        nodes = Facts.of(graph).nodes
        found = [finding(node, target, wrong=False) for node in nodes if node.op in rejected.split()]
        found += [finding(node, target, wrong=True) for node in nodes if node.op in wrong.split()]
        return [Result("", target, "1", len(nodes), found)]

    return verdicts


def rewrite(title: str, of: str, text: str) -> NodeRewrite:
    class Made(NodeRewrite):
        """Made."""

        name = title
        safety = Safety.EXACT
        fixes = (FixRule(of),)
        before, after = f"y = {of}(x)", text

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            return {"k": np.asarray(-1, np.float32)} if "k" in text else {}

    return Made()


@pytest.fixture
def rewrites(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the only rewrites there are."""

    def fill(*made: NodeRewrite) -> None:
        monkeypatch.setattr(graphfix.rewriting.registry, "registry", lambda: {each.name: each for each in made})

    return fill


def applied(result: FixResult) -> list[str]:
    return [change.rewrite for change in result.changes if change.applied]


TO_MUL = rewrite("to-mul", "Neg", "y = Mul(x, k)")


@pytest.mark.parametrize(("rejected", "wrong"), [("Neg", "Mul"), ("Mul", "Neg")])
def test_neither_is_traded_for_the_other(rewrites: Callable[..., None], rejected: str, wrong: str) -> None:
    rewrites(TO_MUL)
    given = model("y = Neg(x)")
    result = fix_model(given, judge(rejected, wrong))
    assert result.model is given
    assert applied(result) == []


def test_wrong_numerics_on_the_way_to_a_fix_are_allowed(rewrites: Callable[..., None]) -> None:
    rewrites(TO_MUL, rewrite("to-max", "Mul", "y = Div(x, k)"))
    result = fix_model(model("y = Neg(x)"), judge("Neg", "Mul"))
    assert [node.op_type for node in result.model.graph.node] == ["Div"]


def test_another_way_is_tried_after_one_that_computes_something_else(rewrites: Callable[..., None]) -> None:
    rewrites(rewrite("a-wrong", "Neg", "y = Mul(x, k)"), rewrite("b-right", "Neg", "z = Div(x, k)  y = Identity(z)"))
    assert applied(fix_model(model("y = Neg(x)"), judge("Neg", "Mul"))) == ["b-right"]


def test_only_what_brought_the_wrong_result_is_withdrawn(rewrites: Callable[..., None]) -> None:
    rewrites(rewrite("to-div", "Neg", "y = Div(x, k)"), rewrite("to-max", "Abs", "z = Sub(x, x)  w = Sub(z, x)  y = Max(x, w)"))
    result = fix_model(model("[one] a = Abs(x)  [two] b = Neg(a)  [three] y = Abs(b)"), judge("Neg Abs", "Max"))
    assert applied(result) == ["to-div"]


def test_a_note_on_some_inputs_only_counts_nothing() -> None:
    node = Facts.of(model("y = Neg(x)")).nodes[0]
    said = finding(node, "demo", wrong=True, severity=Severity.NOTE)
    assert not is_wrong(said)
    assert not trades([Result("", "demo", "1")], [Result("", "demo", "1", findings=[said])])


def test_an_accepted_model_must_not_become_undecided() -> None:
    undecided = Finding("GF106", "undecided", Severity.NOTE, "demo", "unknown", kind="undecided")
    rejected = finding(Facts.of(model("y = Neg(x)")).nodes[0], "demo", wrong=False)
    after = [Result("", "demo", "1", findings=[undecided])]
    assert trades([Result("", "demo", "1")], after)
    assert not trades([Result("", "demo", "1", findings=[rejected])], after)


def bidirectional() -> ModelProto:
    """A small detector's head: a bidirectional LSTM over steps of a batch of any size."""
    random, hidden, size = np.random.default_rng(0), 5, 4
    shapes = {"w": (2, 4 * hidden, size), "r": (2, 4 * hidden, hidden), "b": (2, 8 * hidden)}
    weights = [numpy_helper.from_array((random.standard_normal(s) / 2).astype(np.float32), n) for n, s in shapes.items()]
    weights.append(numpy_helper.from_array(np.array([0, 0, 2 * hidden]), "shape"))
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r", "b"], ["h"], "both", hidden_size=hidden, direction="bidirectional"),
        helper.make_node("Transpose", ["h"], ["t"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["t", "shape"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["T", "N", size])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["T", "N", 2 * hidden])
    return helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )


def test_a_bidirectional_lstm_is_not_split_into_one_that_tract_gets_wrong() -> None:
    before = graphfix.lint(bidirectional(), "tract")
    result = graphfix.fix(bidirectional(), "tract")
    assert sum(map(is_wrong, result.report.findings)) == sum(map(is_wrong, before.findings)) == 0
    assert not any(change.applied for change in result.changes)
