"""fix: bound, folded, rewritten where a finding calls for it, verified, and withdrawn where it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import onnx
import pytest
from onnx import ModelProto

import graphfix.rewriting.registry
from graphfix.analysis.facts import Facts
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.rewrites.activation.decompose_hard_sigmoid import DecomposeHardSigmoid
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import FixRule, Safety

Judge = Callable[[ModelProto], list[Result]]

HEADER = '<ir_version: 8, opset_import: ["" : 17]>'


def model(body: str, inputs: str = "float[N, 4] x", outputs: str = "float[N, 4] y") -> ModelProto:
    return onnx.parser.parse_model(f"{HEADER} g ({inputs}) => ({outputs}) {{ {body} }}")


def rejects(*ops: str, kind: str = "operator", target: str = "demo") -> Judge:
    """A judge for whom these operators are errors."""

    def judge(graph: ModelProto) -> list[Result]:
        found = [
            Finding("GF101", "unsupported-operator", Severity.ERROR, target, "", node.scope, node.label, node.op, "",
                    node.proto.output[0], kind)
            for node in Facts.of(graph).nodes
            if node.op in ops
        ]  # fmt: skip
        return [Result("", target, "1", 0, found)]

    return judge


def ops(graph: ModelProto) -> list[str]:
    return [node.op_type for node in graph.graph.node]


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The registry with room for a rewrite of the test's own, and without the last resort."""
    added: dict[str, Any] = {name: r for name, r in registry().items() if name != "simplify"}
    monkeypatch.setattr(graphfix.rewriting.registry, "registry", lambda: added)
    return added


def test_a_finding_calls_its_rewrite_and_the_finding_goes() -> None:
    given = model("h = HardSigmoid(x) y = Relu(h)")
    before = given.SerializeToString(deterministic=True)
    result = fix_model(given, judge=rejects("HardSigmoid"))
    assert ops(result.model) == ["Mul", "Add", "Clip", "Relu"]
    assert [(c.rewrite, c.safety, c.applied) for c in result.changes] == [("decompose-hard-sigmoid", "exact", True)]
    assert result.verification.passed
    assert result.verification.max_abs_error == 0.0
    assert result.results[0].verdict == "accepted"
    assert given.SerializeToString(deterministic=True) == before


def test_without_a_finding_nothing_is_rewritten() -> None:
    given = model("h = HardSigmoid(x) dead = Exp(x) y = Relu(h)")
    result = fix_model(given, judge=rejects("Tan"))
    assert not result.changed
    assert result.model == given


def test_only_the_nodes_that_are_found_are_rewritten() -> None:
    def judge(graph: ModelProto) -> list[Result]:
        results = rejects("HardSigmoid")(graph)
        results[0].findings = [f for f in results[0].findings if f.output == "a"]
        return results

    result = fix_model(model("a = HardSigmoid(x) b = HardSigmoid(a) y = Relu(b)"), judge=judge)
    assert ops(result.model) == ["Mul", "Add", "Clip", "HardSigmoid", "Relu"]


def test_a_rewrite_that_changes_the_numbers_is_withdrawn(extra: dict[str, Any]) -> None:
    class Broken(DecomposeHardSigmoid):
        """Sets the wrong slope."""

        name = "decompose-hard-sigmoid"

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            return {**super().constants(node, surgery), "alpha": np.asarray(0.21, np.float32)}

    extra["decompose-hard-sigmoid"] = Broken()
    extra.pop("hard-sigmoid-to-sigmoid")
    result = fix_model(model("h = HardSigmoid(x) y = Relu(h)"), judge=rejects("HardSigmoid"))
    assert ops(result.model) == ["HardSigmoid", "Relu"]
    (change,) = [c for c in result.changes if c.rewrite == "decompose-hard-sigmoid"]
    assert not change.applied
    assert "skipped: `y` differs by" in (change.declined or "")


def test_of_many_sites_only_the_guilty_are_withdrawn(extra: dict[str, Any]) -> None:
    class Partly(DecomposeHardSigmoid):
        """Breaks the node with alpha 0.3."""

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            made = dict(super().constants(node, surgery))
            if abs(node.attrs["alpha"] - 0.3) < 1e-6:
                made["beta"] = np.asarray(0.1, np.float32)
            return made

    extra["decompose-hard-sigmoid"] = Partly()
    body = (
        "a = HardSigmoid<alpha=0.1>(x) b = HardSigmoid<alpha=0.2>(a) c = HardSigmoid<alpha=0.3>(b) y = HardSigmoid<alpha=0.4>(c)"
    )
    result = fix_model(model(body), judge=rejects("HardSigmoid"))
    assert ops(result.model).count("HardSigmoid") == 1
    assert ops(result.model).count("Clip") == 3
    assert [c.node for c in result.changes if c.rewrite == "decompose-hard-sigmoid" and not c.applied] == ["c"]


def test_an_approximate_rewrite_needs_permission(extra: dict[str, Any]) -> None:
    extra.pop("decompose-hard-sigmoid")
    given = model("h = HardSigmoid(x) y = Relu(h)")
    refused = fix_model(given, judge=rejects("HardSigmoid"))
    assert not refused.changed
    assert [c.declined for c in refused.changes if c.rewrite == "hard-sigmoid-to-sigmoid"] == [
        "approximate; allow with --allow approximate"
    ]
    allowed = fix_model(given, judge=rejects("HardSigmoid"), options=FixOptions(allow={"approximate"}))
    assert ops(allowed.model) == ["Mul", "Add", "Sigmoid", "Relu"]
    assert 0.01 < allowed.verification.max_abs_error < 0.06
    strict = fix_model(given, judge=rejects("HardSigmoid"), options=FixOptions(allow={"approximate"}, atol=1e-4))
    assert not strict.changed


def test_an_exact_rewrite_is_preferred_to_an_approximate_one() -> None:
    result = fix_model(model("y = HardSigmoid(x)"), judge=rejects("HardSigmoid"), options=FixOptions(allow={"approximate"}))
    assert [c.rewrite for c in result.changes if c.applied] == ["decompose-hard-sigmoid"]


def test_a_rewrite_that_costs_a_target_its_acceptance_is_withdrawn() -> None:
    def judge(graph: ModelProto) -> list[Result]:
        return rejects("HardSigmoid", target="one")(graph) + rejects("Clip", target="two")(graph)

    result = fix_model(model("y = HardSigmoid(x)"), judge=judge)
    assert ops(result.model) == ["HardSigmoid"]
    assert any("causes GF101 on `Clip` for two" in (c.declined or "") for c in result.changes)


def test_findings_of_other_targets_are_ignored() -> None:
    def judge(graph: ModelProto) -> list[Result]:
        return rejects("HardSigmoid", target="one")(graph) + rejects("Clip", target="two")(graph)

    assert fix_model(model("y = HardSigmoid(x)"), judge=judge, options=FixOptions(targets=["one@1.2"])).changed


def test_two_rewrites_that_undo_each_other_are_named(extra: dict[str, Any]) -> None:
    class There(NodeRewrite):
        """Neg to Mul."""

        name = "there"
        safety = Safety.EXACT
        fixes = (FixRule("Neg"),)
        before, after = "y = Neg(x)", "y = Mul(x, k)"

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            return {"k": np.asarray(-1, np.float32)}

    class Back(NodeRewrite):
        """Mul to Neg."""

        name = "back"
        safety = Safety.EXACT
        fixes = (FixRule("Mul"),)
        before, after = "y = Mul(x, k)", "y = Neg(x)"

    extra |= {"there": There(), "back": Back()}

    def judge(graph: ModelProto) -> list[Result]:
        return rejects("Neg", "Mul")(graph)

    result = fix_model(model("y = Neg(x)"), judge=judge)
    assert any("still firing after 10 rounds" in (c.declined or "") for c in result.changes)


class Raising(NodeRewrite):
    """Raises."""

    name = "raising"
    safety = Safety.EXACT
    fixes: ClassVar = (FixRule("Neg"),)
    before, after = "y = Neg(x)", "y = Neg(x)"

    def guard(self, node: Any, surgery: Any) -> None:
        raise ValueError("of no use")


def test_a_rewrite_that_raises_has_declined(extra: dict[str, Any]) -> None:
    extra["raising"] = Raising()
    result = fix_model(model("y = Neg(x)"), judge=rejects("Neg"))
    assert [c.declined for c in result.changes] == ["failed: ValueError: of no use"]


def test_a_bound_input_and_frozen_dims_dissolve_nested_ifs() -> None:
    given = onnx.parser.parse_model(
        f"""{HEADER} g (float[N, 4] x, int64 sr) => (float[K] y)
           <int64 rate = {{16000}}, int64 one = {{1}}, int64 zero = {{0}}, int64[1] s = {{-1}}> {{
             p = Equal(sr, rate)
             y = If (p) <
               then_branch = t () => (float[K] a) {{
                 sizes = Shape(x)
                 lead = Gather(sizes, zero)
                 q = Equal(lead, one)
                 a = If (q) <
                   then_branch = tt () => (float[K] c) {{ ax = Constant<value = int64[1] {{0}}>() c = Squeeze(x, ax) }},
                   else_branch = te () => (float[K] d) {{ d = Reshape(x, s) }}> }},
               else_branch = e () => (float[K] b) {{ m = Neg(x) b = Reshape(m, s) }}> }}"""
    )
    result = fix_model(given, judge=rejects("If"), options=FixOptions(shapes={"x": [1, 4]}, values={"sr": 16000}))
    assert [op for op in ops(result.model) if op != "Constant"] == ["Squeeze"]
    assert result.verification.passed
    assert [i.name for i in result.model.graph.input] == ["x"]
    assert [d.dim_value for d in result.model.graph.output[0].type.tensor_type.shape.dim] == [4]
    applied = {(c.rewrite, c.safety.value) for c in result.changes if c.applied}
    assert {("freeze-dims", "interface"), ("bind-input", "interface"), ("dissolve-if", "exact")} <= applied
    onnx.checker.check_model(result.model, full_check=True)
    other = fix_model(given, judge=rejects("If"), options=FixOptions(values={"sr": 8000}))
    assert [op for op in ops(other.model) if op != "Constant"] == ["Neg", "Reshape"]


def test_a_branch_output_that_is_a_constant_or_shared_keeps_its_value() -> None:
    given = onnx.parser.parse_model(
        f"""{HEADER} g (float[2] x) => (float[2] y, float[2] z, float[2] w) <bool p = {{1}}> {{
             h = Relu(x)
             y, z, w = If (p) <
               then_branch = t () => (float[2] a, float[2] b, float[2] c) {{
                 a = Constant<value = float[2] {{1, 2}}>()
                 b = Neg(h)
                 c = Identity(b) }},
               else_branch = e () => (float[2] a, float[2] b, float[2] c) {{ a = Neg(h) b = Neg(a) c = Neg(b) }}> }}"""
    )
    result = fix_model(given, judge=rejects("If"))
    assert "If" not in ops(result.model)
    assert result.verification.passed


def test_documentation_and_metadata_survive() -> None:
    given = model("h = HardSigmoid(x) y = Relu(h)")
    given.model_version, given.domain, given.doc_string, given.producer_name = 7, "org.x", "about", "me"
    given.metadata_props.add(key="a", value="b")
    given.graph.doc_string = "graph"
    given.graph.node[1].name, given.graph.node[1].doc_string = "last", "why"
    given.graph.node[1].metadata_props.add(key="k", value="v")
    made = fix_model(given, judge=rejects("HardSigmoid")).model
    assert (made.model_version, made.domain, made.doc_string, made.producer_name) == (7, "org.x", "about", "me")
    assert made.metadata_props == given.metadata_props
    assert made.graph.doc_string == "graph"
    last = made.graph.node[-1]
    assert (last.name, last.doc_string, last.metadata_props[0].value) == ("last", "why", "v")


def test_a_rewrite_reaches_into_a_branch() -> None:
    given = model(
        """y = If (p) <
             then_branch = t () => (float[N, 4] a) { a = HardSigmoid(x) },
             else_branch = e () => (float[N, 4] b) { b = Neg(x) }>""",
        inputs="float[N, 4] x, bool p",
    )
    result = fix_model(given, judge=rejects("HardSigmoid"))
    assert [n.op_type for n in result.model.graph.node[0].attribute[0].g.node] == ["Mul", "Add", "Clip"]
    assert result.verification.passed


def test_what_cannot_be_verified_is_not_kept() -> None:
    body = "s = Constant<value = int64[1] {5}>() h = Reshape(x, s) y = Identity(h)"
    given = model(body, "float[3] x", "float[M] y")
    result = fix_model(given, judge=rejects("Identity"))
    assert not result.changed
    assert any("cannot run the original" in (c.declined or "") for c in result.changes)
