"""Provenance: what a value hangs on, by which chain, and which options would settle it."""

from __future__ import annotations

from pathlib import Path

from graphfix.analysis.facts import Facts
from graphfix.analysis.provenance import Provenance, Root
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.option_hints import binding

CHAIN = Example(
    "s = Shape(x)\nn = Gather(s, i)\nu = Unsqueeze(n, z)\nt = Concat<axis = 0>(u, minus)\ny = Reshape(x, t)",
    inputs="float[batch,4] x",
    weights="int64 i = {0}, int64[1] z = {0}, int64[1] minus = {-1}",
)


def test_a_shape_hangs_on_the_free_dims_that_reach_it() -> None:
    trace = Provenance.of(Facts.of(CHAIN.model))
    assert trace.value_roots("t", ()) == [Root("x", 0)]


def test_the_chain_runs_from_the_measured_tensor_to_the_operand() -> None:
    facts = Facts.of(CHAIN.model)
    target = facts.value("t")
    assert target is not None
    assert [node.op for node in Provenance.of(facts).chain(target, ())] == ["Shape", "Gather", "Unsqueeze", "Concat"]


def test_values_and_dims_are_told_apart() -> None:
    model = Example("s = Shape(x)\na = Add(s, k)\ny = Expand(x, a)", inputs="float[n] x, int64 k").model
    trace = Provenance.of(Facts.of(model))
    assert set(trace.value_roots("a", ())) == {Root("x", 0), Root("k")}


def test_fixed_dims_are_no_root() -> None:
    model = Example("s = Shape(x)\ny = Expand(x, s)").model
    assert Provenance.of(Facts.of(model)).value_roots("s", ()) == []


def test_options_name_every_input_once_and_free_dims_by_their_symbols() -> None:
    facts = Facts.of(
        Example("e = Equal(sr, k)", inputs="float[n,4] x, int64 sr", outputs="bool e", weights="int64 k = {8}").model
    )
    options = binding(facts, [Root("x", 0), Root("sr"), Root("x", 0)])
    assert options == "--set sr=8 --shape x=<n>x4"


def test_a_deep_graph_is_traced_without_recursion() -> None:
    nodes = "s = Shape(x)\na0 = Abs(s)\n" + "\n".join(f"a{i + 1} = Abs(a{i})" for i in range(3000)) + "\ny = Reshape(x, a3000)"
    facts = Facts.of(Example(nodes, inputs="float[n,4] x").model)
    assert Provenance.of(facts).value_roots("a3000", ()) == [Root("x", 0)]


def test_dims_of_one_input_are_named_together() -> None:
    sizes = Example(
        "s = Shape(x)\nn = Slice(s, a, b)\nt = Concat<axis = 0>(n, c)\ny = Reshape(x, t)",
        inputs="float[n,m,4] x",
        weights="int64[1] a = {0}, int64[1] b = {2}, int64[1] c = {-1}",
    )
    (result,) = judge(sizes.model, ["demo"], home=Path(__file__).parent.parent / "fixtures" / "rules")
    (finding,) = [finding for finding in result.findings if finding.code == "GF203"]
    assert "which depends on dims 0 and 1 of input `x`; fix it with" in finding.message
