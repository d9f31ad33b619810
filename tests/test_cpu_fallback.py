"""GF404 beyond its own examples: what it makes of the verdict, of partitions, and of nodes that are not sure to be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.report.verdict_matrix import statistics_line
from graphfix.rewriting.verdict_comparison import severity_score

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
MIXED = Example("a = Relu(x)\nb = Acosh(a)\ny = Relu(b)")
UNKNOWN = "b = example.Mystery(a)\ny = Asinh(b)"


def judged(example: Example) -> Result:
    (result,) = judge(example.model, ["demo"], home=RULES, statistics=True)
    return result


def on_cpu(result: Result) -> list[Finding]:
    return [finding for finding in result.findings if finding.code == "GF404"]


def test_a_node_on_the_cpu_leaves_the_model_accepted() -> None:
    result = judged(MIXED)
    (found,) = on_cpu(result)
    assert (result.verdict, found.severity, found.op) == ("accepted", Severity.WARNING, "Acosh")
    assert found.evidence == "demo/Acosh/unsupported"
    assert found.measured == 'demo 1.0, 4 probes: "Acosh stays on the CPU"'
    assert severity_score([result]) == (0, 1)  # so that a rewrite in its place counts as better


def test_a_model_of_which_nothing_is_taken_is_rejected() -> None:
    result = judged(Example("a = Acosh(x)\ny = Acosh(a)"))
    assert result.verdict == "rejected"
    assert [found.severity for found in on_cpu(result)] == [Severity.ERROR] * 2


def test_of_an_operator_whose_definition_takes_its_place_some_nodes_are_taken() -> None:
    result = judged(Example("y = Shrink(x)"))
    assert result.verdict == "accepted"
    assert [(found.severity, found.op) for found in on_cpu(result)] == [(Severity.WARNING, "Shrink")]


@pytest.mark.parametrize(
    "taken", ["c = Constant<value = float {1.0}>()\na = Acosh(x)\ny = Acosh(c)", "c = Relu(w)\na = Acosh(x)\ny = Acosh(c)"]
)
def test_what_is_computed_when_the_model_is_loaded_is_not_taken(taken: str) -> None:
    assert judged(Example(taken, weights="float[2,3] w = {1, 2, 3, 4, 5, 6}")).verdict == "rejected"


def test_the_shape_of_a_value_of_fixed_dims_is_not_taken() -> None:
    told = "a = Acosh(x)\nb = Acosh(a)\ns = Shape(b)"
    assert judged(Example(told, outputs="float[2,3] b, int64[2] s")).verdict == "rejected"
    asked = Example(told, inputs="float[n,3] x", outputs="float[n,3] b, int64[2] s")
    assert judged(asked).verdict != "rejected"


def test_partitions_are_cut_at_nodes_on_the_cpu() -> None:
    result = judged(MIXED)
    assert result.statistics == {"nodes": 3, "supported": 2, "islands": [1, 1], "placement": "Demo runs nothing."}
    assert statistics_line(result) == "2 of 3 nodes are supported, in 2 partitions"


def test_a_node_that_may_be_left_decides_nothing_where_others_are_taken() -> None:
    result = judged(Example(f"a = Relu(x)\n{UNKNOWN}"))
    assert [(found.severity, found.op) for found in on_cpu(result)] == [(Severity.NOTE, "Asinh")]
    assert [found.op for found in result.findings if found.kind == "undecided"] == []


def test_a_node_that_may_be_left_decides_where_no_other_is_taken() -> None:
    result = judged(Example(f"a = Acosh(x)\n{UNKNOWN}"))
    assert [found.op for found in result.findings if found.kind == "undecided"] == ["Asinh"]
    assert [(found.severity, found.op) for found in on_cpu(result)] == [(Severity.WARNING, "Acosh")]
    assert result.verdict == "undecided"


def test_a_rejected_node_is_one_beside_nodes_on_the_cpu() -> None:
    result = judged(Example("a = Relu(x)\nb = Acosh(a)\ny = Mish(b)"))
    assert [(found.code, found.op) for found in result.findings if found.severity is Severity.ERROR] == [("GF101", "Mish")]
    assert [found.op for found in on_cpu(result)] == ["Acosh"]
