"""If(true, A, B) = A and If(false, A, B) = B: an If with a constant condition is replaced by the branch that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from onnx import ModelProto

from graphfix.ir.operator_set import is_standard
from graphfix.ir.traversal import graphs
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class DissolveIf(GraphRewrite):
    """Replace an If whose condition is known by the branch that runs.

    Why: few compilers support If, and exporters write one for every data-dependent squeeze. Once an input is bound
    or a dim frozen the condition is a constant, and the other branch can never run.
    """

    name = "dissolve-if"
    safety = Safety.EXACT
    everywhere = True
    tidies = True
    fixes = (FixRule("If"),)
    before = """p = Constant<value = bool {1}>()
                y = If (p) <then_branch = t () => (a) { a = Relu(x) }, else_branch = e () => (b) { b = Neg(x) }>"""
    after = "y = Relu(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) <bool p = {1}> {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { h = Neg(x)  a = Relu(h) },
                   else_branch = e () => (float[N] b) { h = Abs(x)  b = Exp(h) }> }""",
            ops=("Neg", "Relu"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3] x) => (float[M] y) <int64[1] zero = {0}> {
                 sizes = Shape(x)
                 lead = Gather(sizes, zero)
                 one = Constant<value = int64[1] {1}>()
                 p = Equal(lead, one)
                 y = If (p) <
                   then_branch = t () => (float[M] a) { a = Squeeze(x, zero) },
                   else_branch = e () => (float[1, 3] b) { b = Identity(x) }> }""",
            ops=("Squeeze",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) <bool p = {0}, bool q = {1}> {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { a = Neg(x) },
                   else_branch = e () => (float[N] b) {
                     b = If (q) <
                       then_branch = tt () => (float[N] c) { c = Abs(x) },
                       else_branch = ee () => (float[N] d) { d = Exp(x) }> }> }""",
            ops=("Abs",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[N] x) => (float[N] y) {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { a = Relu(x) },
                   else_branch = e () => (float[N] b) { b = Neg(x) }> }""",
            because="the condition `p` is an input",
        ),
    )

    def idle(self, model: ModelProto) -> bool:
        return all(node.op_type != "If" for graph in graphs(model.graph) for node in graph.node)

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            if surgery.is_dead(graph):
                continue
            index = 0
            while index < len(graph.nodes):
                node = graph.nodes[index]
                if node.op == "If" and is_standard(node):
                    condition = surgery.known(node.inputs[0])
                    key = surgery.key(node)
                    asked = wanted is None or key in wanted
                    if condition is not None and condition.size == 1 and asked:
                        _inline(surgery, graph, index, "then_branch" if condition.reshape(()) else "else_branch")
                        yield key
                        continue  # the branch is now at this index, and may contain an If itself
                    if condition is not None or not asked:
                        index += 1
                        continue
                    made = "computed at run time" if node.inputs[0].inputs else "an input"
                    yield Declined(f"the condition `{node.inputs[0].name}` is {made}", at=surgery.label(key))
                index += 1


def _inline(surgery: GraphEditor, graph: Any, index: int, chosen: str) -> None:
    """Replace an If by the nodes of a branch; names that are taken elsewhere get a number."""
    node = graph.nodes[index]
    origin = surgery.label(surgery.key(node))
    branch = node.attrs[chosen]
    outputs = list(node.outputs)
    dropped = [value for value in node.attrs.values() if isinstance(value, surgery.gs.Graph)]
    node.outputs.clear()
    node.inputs.clear()
    node.attrs.clear()
    for side in dropped:
        if side is not branch:
            surgery.discard(side)
    local = {id(tensor) for inner in branch.nodes for tensor in inner.outputs}
    surgery.rename(branch)
    graph.nodes[index : index + 1] = branch.nodes
    seen: set[int] = set()
    for outer, inner in zip(outputs, branch.outputs, strict=False):
        if not outer.name:
            continue
        if id(inner) in local and id(inner) not in seen:
            seen.add(id(inner))
            surgery.become(inner, outer)
        else:  # a constant, an outer value, or a value that two outputs share
            source = (
                inner if id(inner) in local or inner.inputs or isinstance(inner, surgery.gs.Constant) else surgery.find(inner)
            )
            source = next((o for o, i in zip(outputs, branch.outputs, strict=False) if i is inner and id(i) in seen), source)
            graph.nodes.insert(index + len(branch.nodes), surgery.at(origin).node("Identity", [source], [outer]))
    surgery.merge(branch, graph)
