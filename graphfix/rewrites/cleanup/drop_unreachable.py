"""g(f(x), h(x)) with h unread = g(f(x)): a node that no output depends on is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from onnx import ModelProto

from graphfix.ir.traversal import graphs
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class DropUnreachable(GraphRewrite):
    """Drop the nodes whose outputs are unused.

    Why: some compilers reject a model for an unsupported operator even if its output is unused.
    """

    name = "drop-unreachable"
    safety = Safety.EXACT
    everywhere = True
    tidies = True
    fixes = (FixRule("*", codes=("GF201",)),)
    before = """dead = Exp(x)
                y = Relu(x)"""
    after = "y = Relu(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) { dead = Exp(x)  y = Relu(x) }""",
            ops=("Relu",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) { h = Exp(x)  y = Relu(h) }"""),
    )

    def idle(self, model: ModelProto) -> bool:
        every = list(graphs(model.graph))
        read = {name for graph in every for node in graph.node for name in node.input[:]}
        read |= {output.name for graph in every for output in graph.output}
        read.discard("")
        return all(not read.isdisjoint(node.output[:]) for graph in every for node in graph.node)

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            before = list(graph.nodes)
            graph.cleanup(recurse_subgraphs=False, recurse_functions=False)
            left = {id(node) for node in graph.nodes}
            yield from (surgery.key(node) for node in before if id(node) not in left)
