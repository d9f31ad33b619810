"""The memo of node facets: nodes share facets only where they are alike in all that facets read."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, ModelProto, NodeProto, parser

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facets.memo import Key, key_of, node_facets
from graphfix.analysis.facets.node import facets, in_branches
from graphfix.analysis.facets.signals import NAMED
from graphfix.analysis.facts import Facts, NodeFacts, Value
from graphfix.ir.skeleton import read_skeleton
from graphfix.linter.check import checks
from graphfix.linter.engine import judge
from graphfix.rewriting.registry import registry

FIXTURES = Path(__file__).parent.parent / "fixtures"
LOOP = "v, = Loop(n, go, x) <body = b (int64 i, bool c, float[3] p) => (bool d, float[3] q) { d = Identity(c) q = Exp(p) }>"
BRANCH = "w = If(c) <then_branch = t () => (float[3] s) { s = Exp(x) }, else_branch = e () => (float[3] u) { u = Neg(x) }>"


def text(*nodes: str) -> str:
    """A model of a Loop and an If that both hold an Exp of a vector."""
    given = "float[3] x, int64 n, bool go, bool c"
    return f'<ir_version: 8, opset_import: ["": 17]> g ({given}) => (float[3] v, float[3] w) {{ {" ".join(nodes)} }}'


@functools.cache
def models() -> list[tuple[str, Facts]]:
    """The facts of every model in fixtures/, and of the examples that checks and rewrites carry."""
    files = [(str(path.relative_to(FIXTURES)), read_skeleton(path)) for path in sorted(FIXTURES.rglob("*.onnx"))]
    ours = [(check.code, example.model) for check in checks() for example in (*check.valid, *check.invalid)]
    theirs = [(name, parser.parse_model(case.text)) for name, one in registry().items() for case in (*one.fires, *one.declines)]
    found: list[tuple[str, ModelProto]] = [*files, *ours, *theirs, ("both", parser.parse_model(text(LOOP, BRANCH)))]
    return [(name, Facts.of(model)) for name, model in found]


@pytest.mark.parametrize("nodes", [(LOOP, BRANCH), (BRANCH, LOOP)], ids=["loop first", "branch first"])
def test_a_node_in_a_branch_and_an_equal_one_in_a_body_are_told_apart(nodes: tuple[str, ...]) -> None:
    model = parser.parse_model(text(*nodes))
    facts = Facts.of(model)
    found = {node.scope[0].split(" ")[0]: told["inside"] for node, told in zip(facts.nodes, node_facets(facts), strict=True)
             if node.op == "Exp"}  # fmt: skip
    assert found == {"then_branch": "branch", "body": "nothing"}


@pytest.mark.parametrize("target", ["tflite", "coreml"])
def test_the_verdict_on_a_node_in_a_branch_does_not_hang_on_the_order_of_nodes(target: str) -> None:
    models = [parser.parse_model(text(*nodes)) for nodes in itertools.permutations([LOOP, BRANCH])]
    told = [{(found.code, *found.scope, found.output) for found in judge(model, [target])[0].findings} for model in models]
    assert told[0] == told[1]
    assert ("GF103", "then_branch of w", "s") in told[0]
    assert ("GF103", "body of v", "q") not in told[0]


def test_shared_facets_are_those_of_each_node_alone() -> None:
    for name, facts in models():
        assert [list(found.items()) for found in node_facets(facts)] == [list(facets(n).items()) for n in facts.nodes], name


def anonymous(node: NodeFacts) -> NodeFacts:
    """The node without what the memo's key leaves out: names, the numbers in tensors that are attributes, the nodes around."""
    ending = "Like" if node.op in NAMED and node.proto.name.endswith("Like") else ""  # a class of names, which the key has
    proto = NodeProto(op_type=node.op, domain=node.domain, name=ending, output=[""] * len(node.proto.output))
    for item in node.proto.attribute:
        if item.type == AttributeProto.TENSOR:
            proto.attribute.add(name=item.name, type=item.type).t.MergeFrom(
                onnx.TensorProto(data_type=item.t.data_type, dims=item.t.dims)
            )
        else:
            proto.attribute.append(item)
    sides = [[value and dataclasses.replace(value, name="") for value in side] for side in (node.inputs, node.outputs)]
    scope = () if in_branches(node.scope) else ("body of ",)
    return dataclasses.replace(node, proto=proto, scope=scope, inputs=tuple(sides[0]), outputs=tuple(sides[1]), form=0)


def test_facets_read_nothing_that_the_key_leaves_out() -> None:
    nodes = [(name, node) for name, facts in models() for node in facts.nodes if not node.branches]
    assert len(nodes) > 1000
    for name, node in nodes:
        assert facets(anonymous(node)) == facets(node), f"{name}: {node.label}"
        assert key_of(anonymous(node), {}) == key_of(dataclasses.replace(node, form=0), {}), f"{name}: {node.label}"


def test_nodes_of_one_form_have_one_key() -> None:
    shared = 0
    for name, facts in models():
        keys: dict[Key, set[Key]] = {}
        for node in facts.nodes:
            if node.form:
                keys.setdefault(key_of(node, {}), set()).add(key_of(dataclasses.replace(node, form=0), {}))
                shared += 1
        assert all(len(found) == 1 for found in keys.values()), name
    assert shared > 1000


def test_nodes_at_weights_of_one_shape_and_other_numbers_are_of_no_form() -> None:
    low, high = (", ".join([number] * 200) for number in ("0.5", "1.5"))
    model = parser.parse_model(
        f"""<ir_version: 8, opset_import: ["": 17]> g (float[2, 200] x) => (float[2, 200] a, float[2, 200] b)
        <float[200] low = {{{low}}}, float[200] high = {{{high}}}> {{ a = PRelu(x, low) b = PRelu(x, high) }}"""
    )
    facts = Facts.of(model)
    assert [node.form for node in facts.nodes] == [0, 0]


def changed_values(value: Value) -> Iterator[tuple[str, Value]]:
    """The value with each of its fields changed in turn."""
    others = {"constant": np.asarray([2.0], np.float32)}
    for field in filter(lambda field: field.init, dataclasses.fields(Value)):  # others are notes of the walk
        yield field.name, dataclasses.replace(value, **{field.name: others.get(field.name, "another")})  # type: ignore[arg-type]


def changed(node: NodeFacts) -> Iterator[tuple[str, NodeFacts]]:
    """The node with each field of its own and of its operands changed in turn."""
    proto = NodeProto(op_type=node.op)
    proto.attribute.add(name="another", type=AttributeProto.INT, i=1)
    others = {"proto": proto, "scope": ("body of another",), "inputs": (), "outputs": ()}
    for field in dataclasses.fields(NodeFacts):
        yield field.name, dataclasses.replace(node, **{field.name: others.get(field.name, "another")})  # type: ignore[arg-type]
    for side in ("inputs", "outputs"):
        for name, value in changed_values(getattr(node, side)[0]):
            yield f"{side}.{name}", dataclasses.replace(node, **{side: (value,)})  # type: ignore[arg-type]


def test_the_key_hangs_on_every_field_but_names() -> None:
    value = Value("x", "float32", (1,), "constant", np.asarray([1.0], np.float32))
    node = NodeFacts(NodeProto(op_type="Exp"), "Exp", "", (), (value,), (value,), 13)
    same = {name for name, other in changed(node) if key_of(other, {}) == key_of(node, {})}
    assert same == {"inputs.name", "outputs.name"}


def test_constants_of_equal_bytes_and_other_dtypes_or_shapes_are_told_apart() -> None:
    arrays: list[Array] = [np.zeros(4, np.int32), np.zeros(2, np.int64), np.zeros((2, 2), np.int32), np.zeros(4, np.float32)]
    values = [Value("x", constant=array) for array in arrays]
    nodes = [NodeFacts(NodeProto(op_type="Exp"), "Exp", "", (), (value,), (), 13) for value in values]
    assert len({key_of(node, {}) for node in nodes}) == len(arrays)
