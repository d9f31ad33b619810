"""Origins handed from an old graph to a new one, and asked of neighbours where an exporter left none."""

from __future__ import annotations

import time

import onnx
import pytest
from onnx import ModelProto, helper, inliner

from graphfix.analysis.facts import Facts
from graphfix.ir.location_propagation import propagate_locations
from graphfix.ir.source_location import SourceLocation, has_location, source_location, write_location
from graphfix.ir.traversal import graphs

HEAD = '<ir_version: 9, opset_import: ["": 18, "local": 1]>'


OTHERWISE = "else_branch = e () => (float[4] b) { b = Neg(x) }>"


def model(body: str, functions: str = "", **origins: SourceLocation) -> ModelProto:
    """A model in ONNX text, the nodes marked by what they make."""
    made: ModelProto = onnx.parser.parse_model(f"{HEAD} main (float[4] x, bool c) => (float[4] y) {{ {body} }} {functions}")
    for graph in graphs(made.graph):
        for node in graph.node:
            if node.output[0] in origins:
                write_location(node, origins[node.output[0]])
    return made


def called(made: ModelProto, *names: str) -> ModelProto:
    """The model, its nodes named."""
    for node, name in zip(made.graph.node, names, strict=True):
        node.name = name
    return made


def told(made: ModelProto) -> dict[str, str]:
    return {node.output[0]: str(source_location(node)) for graph in graphs(made.graph) for node in graph.node}


A, B, C = SourceLocation("a", "m.py", 1), SourceLocation("b", "m.py", 2), SourceLocation("c", "m.py", 3)


def test_a_node_comes_from_where_the_maker_of_its_output_stood_and_what_leads_to_it_too() -> None:
    old = model("h = Relu(x) g = HardSwish(h) y = Neg(g)", h=A, g=B, y=C)
    new = model("h = Relu(x) s = HardSigmoid(h) g = Mul(h, s) y = Neg(g)", h=A, y=C)
    propagate_locations(old, new)
    assert told(new) == {"h": "a (m.py:1)", "s": "b (m.py:2)", "g": "b (m.py:2)", "y": "c (m.py:3)"}


def test_a_new_node_before_and_behind_is_preferred_to_one_that_was_there() -> None:
    old = model("h = Relu(x) y = Add(h, x)", h=A, y=B)
    new = model("i = Identity(x) k = Relu(i) h = Abs(k) y = Add(i, h)", y=B)
    propagate_locations(old, new)
    assert told(new)["i"] == told(new)["k"] == "a (m.py:1)"


def test_a_new_node_is_preferred_whichever_of_its_neighbours_is_written_first() -> None:
    old = model("h = Relu(x) z = Neg(x) y = Add(h, z)", h=A, z=C, y=B)
    new = model("i = Identity(x) z = Neg(i) k = Relu(i) h = Abs(k) y = Add(h, z)", z=C, y=B)
    propagate_locations(old, new)
    assert told(new) == {"i": str(A), "z": str(C), "k": str(A), "h": str(A), "y": str(B)}


def test_a_new_node_that_leads_nowhere_comes_from_what_it_reads() -> None:
    old = model("h = Relu(x) y = Neg(h)", h=A, y=B)
    new = model("h = Abs(x) y = Neg(h) unread = Exp(h)", y=B)
    propagate_locations(old, new)
    assert told(new)["unread"] == "a (m.py:1)"


def test_a_name_that_a_rewrite_stamped_says_whom_the_node_stands_for() -> None:
    old = called(model("h = Relu(x) y = Neg(h)", h=A, y=B), "up", "down")
    new = called(model("h = Neg(x) y = Relu(h)"), "down/move-neg", "up/move-neg_2")
    propagate_locations(old, new)
    assert told(new) == {"h": "b (m.py:2)", "y": "a (m.py:1)"}


def test_a_tool_that_forgets_metadata_is_made_good() -> None:
    old = model("h = Relu(x) y = Neg(h)", h=A, y=B)
    new = model("h = Relu(x) y = Neg(h)")
    propagate_locations(old, new)
    assert new == old


def test_a_node_of_unknown_origin_that_stays_is_not_given_one() -> None:
    old = model("h = Relu(x) g = Abs(h) y = Neg(g)", h=A)
    new = model("h = Relu(x) g = Abs(h) y = Neg(g)", h=A)
    propagate_locations(old, new)
    assert new == old


def test_branches_with_the_same_names_keep_apart() -> None:
    branches = "y = If(c) <then_branch = t () => (float[4] a) { s = Exp(x) a = %s }, " + OTHERWISE
    old, new = model(branches % "HardSwish(s)", a=A, b=B, y=C, s=C), model(branches % "Relu(s)", b=B, y=C, s=C)
    propagate_locations(old, new)
    assert told(new) == {"s": "c (m.py:3)", "a": "a (m.py:1)", "b": "b (m.py:2)", "y": "c (m.py:3)"}


def test_the_nodes_of_a_new_branch_come_from_where_its_holder_does() -> None:
    old = model("y = HardSwish(x)", y=A)
    new = model("y = If(c) <then_branch = t () => (float[4] a) { k = Exp(x) a = Relu(k) }, " + OTHERWISE)
    propagate_locations(old, new)
    assert set(told(new).values()) == {"a (m.py:1)"}


def test_inlined_functions_keep_their_own_origins_and_else_have_that_of_the_call() -> None:
    body = '<domain: "local", opset_import: ["": 18]> two (v) => (r) { a = Exp(v) r = Relu(a) }'
    old = model("h = local.two(x) y = local.two(h)", body, h=A, y=B)
    new = inliner.inline_local_functions(old)
    propagate_locations(old, new)
    assert [str(source_location(node)) for node in new.graph.node] == ["a (m.py:1)"] * 2 + ["b (m.py:2)"] * 2
    write_location(old.functions[0].node[1], C)
    new = inliner.inline_local_functions(old)
    propagate_locations(old, new)
    assert [str(source_location(node)) for node in new.graph.node][1::2] == ["c (m.py:3)"] * 2


def test_facts_tell_origins_inside_inlined_functions() -> None:
    body = '<domain: "local", opset_import: ["": 18]> two (v) => (r) { a = Exp(v) r = Relu(a) }'
    facts = Facts.of(model("y = local.two(x)", body, y=A))
    assert [facts.origin(node) for node in facts.nodes] == [A, A]


def test_what_an_optimiser_left_without_an_origin_takes_a_neighbours_in_a_report() -> None:
    facts = Facts.of(model("h = Relu(x) g = Abs(h) y = Neg(g)", h=A, y=B))
    assert [facts.origin(node) for node in facts.nodes] == [A, B, B]
    assert not has_location(facts.nodes[1].proto), "the model itself is not marked"


def test_a_node_that_divides_what_it_reads_takes_the_origin_of_what_it_divides() -> None:
    facts = Facts.of(model("h = Relu(x) p, q = Split<axis=0, num_outputs=2>(h) y = Concat<axis=0>(p, q)", h=A, y=B))
    assert [facts.origin(node) for node in facts.nodes] == [A, A, B]


def test_nothing_is_made_up_where_most_nodes_say_nothing() -> None:
    facts = Facts.of(model("h = Relu(x) g = Abs(h) y = Neg(g)", h=A))
    assert [facts.origin(node) for node in facts.nodes] == [A, None, None]


def test_a_path_in_a_name_is_not_overruled_by_neighbours() -> None:
    made = called(model("h = Relu(x) g = Abs(h) y = Neg(g)", h=A, y=B), "n", "/Abs", "m")
    made.producer_name = "pytorch"
    facts = Facts.of(made)
    assert [facts.origin(node) for node in facts.nodes] == [A, None, B], "it is a node of the whole model's own"


@pytest.mark.parametrize("shape", ["chain", "fan", "nested"])
def test_the_time_grows_with_the_nodes(shape: str) -> None:
    def spent(count: int) -> float:
        old, new = long(shape, count, "Relu"), long(shape, count, "Abs")
        for node in old.graph.node:
            write_location(node, A)
        taken = []
        for _ in range(3):
            made = ModelProto()
            made.CopyFrom(new)
            start = time.process_time()
            propagate_locations(old, made)
            taken.append(time.process_time() - start)
            assert all(has_location(node) for node in made.graph.node)
        return min(taken)

    spent(50)
    few, many = spent(500), spent(4000)
    assert many < 30 * few, f"{few * 1000:.1f} ms for 500 nodes, {many * 1000:.1f} ms for 4000"


def long(shape: str, count: int, op: str) -> ModelProto:
    """A model whose only old name is that of its output."""
    inner = [helper.make_node(op, ["x" if shape == "fan" or not i else f"{op}{i - 1}"], [f"{op}{i}"]) for i in range(count)]
    ends = [f"{op}{i}" for i in range(count)] if shape == "fan" else [f"{op}{count - 1}"]
    nodes = [*inner, helper.make_node("Sum", ends, ["y"])]
    value = helper.make_tensor_value_info
    if shape == "nested":
        branch = helper.make_graph(nodes, "b", [], [value("y", 1, [4])])
        nodes = [helper.make_node("If", ["c"], ["z"], then_branch=branch, else_branch=branch)]
        return helper.make_model(helper.make_graph(nodes, "g", [value("x", 1, [4]), value("c", 9, [])], [value("z", 1, [4])]))
    return helper.make_model(helper.make_graph(nodes, "g", [value("x", 1, [4])], [value("y", 1, [4])]))
