"""The planner: the shortest way that cures, back from what cures nothing, no target at another's cost, and why."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import onnx
import pytest
from onnx import ModelProto

import graphfix.rewriting.registry
from graphfix.analysis.facts import Facts
from graphfix.linter.diagnostics import Finding, Fix, Result, Severity
from graphfix.rewriting import fixpoint
from graphfix.rewriting.fix_options import FixOptions, TimeLimitReached
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Declined, FixRule, Safety

Judge = Callable[[ModelProto], list[Result]]


def model(body: str, inputs: str = "float[N, 4] x", outputs: str = "float[N, 4] y") -> ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g ({inputs}) => ({outputs}) {{ {body} }}')


def rejects(*ops: str, target: str = "demo") -> Judge:
    """A judge for whom these operators are errors."""

    def judge(graph: ModelProto) -> list[Result]:
        return [Result("", target, "1", 0, [finding(n, target) for n in Facts.of(graph).nodes if n.op in ops])]

    return judge


def finding(node: Any, target: str = "demo", kind: str = "operator") -> Finding:
    return Finding("GF101", "unsupported-operator", Severity.ERROR, target, f"`{node.op}` is rejected", node.scope, node.label,
                   node.op, "", node.proto.output[0], kind)  # fmt: skip


def ops(graph: ModelProto) -> list[str]:
    return [node.op_type for node in graph.graph.node]


def rewrite(title: str, of: str, text: str, *, safety: Safety = Safety.EXACT, **constants: float) -> NodeRewrite:
    """A rewrite of one operator to some text."""

    class Made(NodeRewrite):
        """Made."""

        name = title
        fixes = (FixRule(of),)
        before, after = f"y = {of}(x)", text

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            return {name: np.asarray(value, np.float32) for name, value in constants.items()}

    Made.safety = safety
    Made.rtol = 0.5 if safety is Safety.APPROXIMATE else 0.0
    return Made()


@pytest.fixture
def rewrites(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The only rewrites there are: empty, to be filled by the test."""
    added: dict[str, Any] = {}
    monkeypatch.setattr(graphfix.rewriting.registry, "registry", lambda: added)
    return added


def fill(rewrites: dict[str, Any], *made: NodeRewrite) -> None:
    rewrites |= {each.name: each for each in made}


def applied(result: Any) -> list[str]:
    return [change.rewrite for change in result.changes if change.applied]


def test_of_two_rewrites_the_one_that_cures_at_once_is_taken(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("a-long-way", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1),
        rewrite("b-short-way", "Neg", "y = Mul(x, k)", k=-1),
        rewrite("c-second-step", "Identity", "y = Max(x, x)"),
    )
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg", "Identity"))
    assert ops(result.model) == ["Mul"]
    assert applied(result) == ["b-short-way"]


def test_of_two_cures_the_one_with_fewer_nodes_is_taken(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("a-three-nodes", "Neg", "z = Add(x, x)  w = Mul(x, k)  y = Add(w, z)", k=-3),
        rewrite("b-one-node", "Neg", "y = Mul(x, k)", k=-1),
    )
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg"))
    assert ops(result.model) == ["Mul"]


def measured(*chain: str) -> Judge:
    """A judge for whom Neg is an error that a chain was measured to fix, and Identity worth a warning."""

    def judge(graph: ModelProto) -> list[Result]:
        nodes = Facts.of(graph).nodes
        errors = [replace(finding(n), rewrite=Fix(chain[0], "exact", chain, 5, 5)) for n in nodes if n.op == "Neg"]
        warnings = [replace(finding(n), severity=Severity.WARNING) for n in nodes if n.op == "Identity"]
        return [Result("", "demo", "1", 0, [*errors, *warnings])]

    return judge


def test_what_was_measured_to_fix_a_finding_is_kept_before_what_leaves_less(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("a-cleaner", "Neg", "y = Mul(x, k)", k=-1),
        rewrite("b-measured", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1),
    )
    assert applied(fix_model(model("y = Neg(x)"), judge=measured("a-cleaner"))) == ["a-cleaner"]
    assert applied(fix_model(model("y = Neg(x)"), judge=measured("b-measured"))) == ["b-measured"]


def test_what_was_measured_and_does_not_help_here_does_not_come_first(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("a-idle", "Neg", "z = Neg(x)  w = Identity(z)  y = Max(w)"),
        rewrite("b-helps", "Neg", "y = Mul(x, k)", k=-1),
    )
    assert applied(fix_model(model("y = Neg(x)"), judge=measured("a-idle"))) == ["b-helps"]


def test_what_adds_very_many_nodes_yields_to_what_does_not(rewrites: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fill(
        rewrites,
        rewrite("a-written-out", "Neg", "z = Add(x, x)  w = Mul(x, k)  y = Add(w, z)", k=-3),
        rewrite("b-first-step", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1),
        rewrite("c-second-step", "Identity", "y = Max(x, x)"),
    )
    judge = rejects("Neg", "Identity")
    assert applied(fix_model(model("y = Neg(x)"), judge=judge)) == ["a-written-out"]
    monkeypatch.setattr(fixpoint, "MANY_NODES", 1)
    assert applied(fix_model(model("y = Neg(x)"), judge=judge)) == ["b-first-step", "c-second-step"]


def test_very_many_nodes_come_first_where_they_alone_were_measured(
    rewrites: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(
        rewrites,
        rewrite("a-first-step", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1),
        rewrite("b-written-out", "Neg", "z = Add(x, x)  w = Mul(x, k)  y = Add(w, z)", k=-3),
        rewrite("c-second-step", "Identity", "y = Max(x, x)"),
    )
    monkeypatch.setattr(fixpoint, "MANY_NODES", 1)

    def judge(graph: ModelProto) -> list[Result]:
        (known,), (more,) = measured("b-written-out")(graph), rejects("Identity")(graph)
        return [replace(known, findings=[*known.findings, *more.findings])]

    assert applied(fix_model(model("y = Neg(x)"), judge=judge)) == ["b-written-out"]


def test_a_chain_of_rewrites_is_followed_to_its_end(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("first", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1), rewrite("second", "Identity", "y = Max(x)"))
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg", "Identity"))
    assert ops(result.model) == ["Mul", "Max"]
    assert result.results[0].verdict == "accepted"


def test_what_leads_to_no_cure_is_withdrawn(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("nowhere", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1))
    given = model("y = Neg(x)")
    result = fix_model(given, judge=rejects("Neg", "Identity"))
    assert result.model == given
    assert [(c.rewrite, c.declined) for c in result.changes] == [
        ("nowhere", "skipped: it leads to no rewrite that resolves a finding")
    ]


def test_after_a_dead_end_another_way_is_tried(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("a-dead-end", "Neg", "y = Sub(k, x)", k=0),
        rewrite("b-way", "Neg", "z = Mul(x, k)  y = Identity(z)", k=-1),
        rewrite("c-on", "Identity", "y = Max(x)"),
    )
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg", "Identity", "Sub"))
    assert ops(result.model) == ["Mul", "Max"]


def test_an_exact_rewrite_is_tried_before_an_approximate_one(rewrites: dict[str, Any]) -> None:
    fill(
        rewrites,
        rewrite("approximate", "Neg", "y = Mul(x, k)", safety=Safety.APPROXIMATE, k=-1.1),
        rewrite("exact", "Neg", "z = Mul(x, k)  y = Max(z)", k=-1),
    )
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg"), options=FixOptions(allow={"approximate"}))
    assert applied(result) == ["exact"]


def test_a_target_that_did_not_ask_is_not_made_worse(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("to-mul", "Neg", "y = Mul(x, k)", k=-1))

    def judge(graph: ModelProto) -> list[Result]:
        return [*rejects("Neg", target="one")(graph), *rejects("Exp", "Mul", target="two")(graph)]

    given = model("h = Exp(x)  y = Neg(h)")
    result = fix_model(given, judge=judge)
    assert ops(result.model) == ["Exp", "Neg"]
    assert any("causes GF101 on `Mul` for two, which has no finding that it fixes" in (c.declined or "") for c in result.changes)
    assert applied(fix_model(given, judge=judge, options=FixOptions(targets=["one"]))) == ["to-mul"]


def test_the_compilers_own_word_is_followed_to_its_end(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("to-mul", "Neg", "y = Mul(x, k)", k=-1), rewrite("to-max", "Identity", "y = Max(x)"))
    asked = []

    def ask(graph: ModelProto) -> list[Finding]:
        asked.append(ops(graph))
        return [finding(n, kind="rejection") for n in Facts.of(graph).nodes if n.op in ("Neg", "Identity")][:1]

    result = fix_model(model("h = Neg(x)  y = Identity(h)"), judge=rejects(), options=FixOptions(ask=ask))
    assert asked == [["Neg", "Identity"], ["Mul", "Identity"], ["Mul", "Max"]]
    assert ops(result.model) == ["Mul", "Max"]
    assert result.results[0].verdict == "accepted"


def test_nothing_is_rewritten_where_the_compilers_are_content(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("to-mul", "Neg", "y = Mul(x, k)", k=-1))
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg"), options=FixOptions(ask=lambda _: []))
    assert not result.changed


def test_why_gives_the_reasons_of_those_that_declined(rewrites: dict[str, Any]) -> None:
    class Refusing(NodeRewrite):
        """Refuses."""

        name = "refusing"
        safety = Safety.EXACT
        fixes: ClassVar = (FixRule("Neg"),)
        before, after = "y = Neg(x)", "y = Neg(x)"

        def guard(self, node: Any, surgery: Any) -> Any:
            return Declined("it is Sunday", at=surgery.label(surgery.key(node)))

    fill(rewrites, Refusing(), rewrite("loose", "Neg", "y = Mul(x, k)", safety=Safety.APPROXIMATE, k=-1.1))
    (told,) = fix_model(model("y = Neg(x)"), judge=rejects("Neg"), options=FixOptions(explain=True)).why
    assert (told.op, told.nodes) == ("Neg", ("y",))
    assert dict(told.declined) == {"refusing": "it is Sunday", "loose": "approximate; allow with --allow approximate"}
    assert told.advice.startswith("otherwise replace `Neg`")


def test_why_says_where_no_rewrite_exists_and_what_to_change(rewrites: dict[str, Any]) -> None:
    given = model("i = NonZero(x)  y = Relu(x)", outputs="float[N, 4] y, int64[2, K] i")
    (told,) = fix_model(given, judge=rejects("NonZero"), options=FixOptions(explain=True)).why
    assert told.declined == ()
    assert told.advice.startswith("no rewrite exists for it; use a mask")
    assert not fix_model(given, judge=rejects(), options=FixOptions(explain=True)).why


def test_exact_comes_before_interface_before_approximate() -> None:
    assert [safety.value for safety in Safety] == ["exact", "interface", "approximate"]
    assert registry()


def test_past_its_deadline_no_rewrite_begins(rewrites: dict[str, Any]) -> None:
    fill(rewrites, rewrite("to-mul", "Neg", "y = Mul(x, k)", k=-1))
    told: list[str] = []
    late = FixOptions(deadline=time.monotonic() - 1, progress=told.append)
    with pytest.raises(TimeLimitReached):
        fix_model(model("y = Neg(x)"), judge=rejects("Neg"), options=late)
    assert told == []
    assert fix_model(model("y = Neg(x)"), judge=rejects("Neg"), options=replace(late, deadline=time.monotonic() + 600)).changed
    assert told == ["to-mul"]
