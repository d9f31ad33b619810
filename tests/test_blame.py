"""Whom a compiler's message means: names, values, operators and inputs, however the compiler spells them."""

from __future__ import annotations

import pytest

from graphfix.analysis.facts import Facts
from graphfix.backends.compile.blame import blame
from graphfix.linter.example import Example

MODEL = Example(
    """[S_enc_S_conv] c = Conv(x, w)
       [act_D_0] r = Relu(c)
       p = AveragePool<kernel_shape = [2, 2]>(r)
       [GRU_7] g, gh = GRU<hidden_size = 4>(s, gw, gr)
       [q] m = com.microsoft.Mystery(p)
       [half] hd = Gather(d, i)
       [full] fd = Gather(p, i)
       [cond_1] y = If(b) <
         then_branch = then () => (float ty) { [cond_1_S_Squeeze] ty = Squeeze(m) },
         else_branch = else () => (float ey) { [inner] ey = Exp(m) }
       >""",
    inputs="float[1,3,8,8] x, float[4,3,3,3] w, float[5,1,2] s, float[1,12,2] gw, float[1,12,4] gr, bool b, double[4] d, "
    "int64[1] i",
    outputs="float y, double hd, float fd, float g",
).model
SPELLED = {"S_enc_S_conv": "/enc/conv", "act_D_0": "act.0", "cond_1_S_Squeeze": "cond_1/Squeeze"}
"""Names that ONNX text cannot spell."""


@pytest.fixture(scope="module")
def facts() -> Facts:
    for graph in (MODEL.graph, *(item.g for node in MODEL.graph.node for item in node.attribute)):
        for node in graph.node:
            node.name = SPELLED.get(node.name, node.name)
    return Facts.of(MODEL)


@pytest.mark.parametrize(
    ("message", "named", "nodes"),
    [
        ("While validating node", ["c"], ["/enc/conv"]),
        ("While validating node '<Node(Conv): c>': Check failed", [], ["/enc/conv"]),
        ('Translating node #4 "act.0.fused" Relu Caused by: x', [], ["act.0"]),
        ("Operation name: _enc_conv", [], ["/enc/conv"]),
        ("layer enc/conv/BiasAdd: enc_conv", ["/enc/conv/BiasAdd"], ["/enc/conv"]),
        ("op=GRU node=GRU_7 reason_code=unsupported", [], ["GRU_7"]),
        ("ops have no lowering: GRU (1 node(s), e.g. GRU_7)", ["GRU"], ["GRU_7"]),
        ("unresolved custom op: ONNX_GRU", [], ["GRU_7"]),
        ("No conversion rule found for operations: Mystery-1", ["Mystery"], ["q"]),
        ("no lowering: com.microsoft::Mystery (1 node(s), e.g. other)", ["com.microsoft::Mystery"], ["q"]),
        ("Failed analyse: Unimplemented(Mystery)", [], ["q"]),
        ("AVERAGE_POOL_2D failed", ["AVERAGE_POOL_2D"], ["p"]),
        ('Failed analyse for node #474 "p" SumPool', [], ["p"]),
        ("GRU: false | Relu: false", [], ["GRU_7", "act.0"]),
        ("Type 'FLOAT64' is not supported by gather.Node number 179 (GATHER) failed to prepare.", [], ["half"]),
        ("a gather failed. Node number 179 (GATHER)", [], ["half", "full"]),
        ("Squeeze: Invalid Node - cond_1/Squeeze ITensor::getDimensions", [], ["cond_1/Squeeze"]),
        ("node_of_p has no runners that implement it", ["node_of_p"], ["p"]),
    ],
)
def test_names_and_operators_lead_to_nodes(facts: Facts, message: str, named: list[str], nodes: list[str]) -> None:
    found = blame(message, named, facts)
    assert sorted(node.label for node in found.nodes) == sorted(nodes)
    assert not found.enclosing


def test_a_chain_blames_the_innermost_and_keeps_what_holds_it_apart(facts: Facts) -> None:
    said = 'Failed analyse for node #5 "cond_1" If Caused by: Failed analyse for node #0 "cond_1/Squeeze" Squeeze13'
    found = blame(said, [], facts)
    assert [node.label for node in found.nodes] == ["cond_1/Squeeze"]
    assert [node.label for node in found.enclosing] == ["cond_1"]


def test_an_operator_that_holds_others_is_itself_meant_where_it_is_named_as_operator(facts: Facts) -> None:
    found = blame("no lowering: If (1 node(s)), Exp (1 node(s))", ["If", "Exp"], facts)
    assert {node.label for node in found.nodes} == {"cond_1", "inner"}


def test_an_input_is_named(facts: Facts) -> None:
    found = blame("input 'x' has a dynamic or unknown dimension", [], facts)
    assert (found.nodes, found.inputs) == ((), ("x",))


@pytest.mark.parametrize(
    "message",
    ["killed by SIGSEGV", "Input dimensions have constant values; if the shape of one is unknown, where and what?", ""],
)
def test_words_that_only_look_like_operators_blame_nobody(facts: Facts, message: str) -> None:
    found = blame(message, [], facts)
    assert not found.nodes
    assert not found.inputs
