"""value_info {y: [N, 64, floor(h/2)]} where y is [N, 32, H] = no value_info for y: stale shapes are removed."""

from __future__ import annotations

from typing import ClassVar

from onnx import AttributeProto, GraphProto, ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.value_info import Scope, disputed
from graphfix.ir.traversal import branch_scope
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety


class DropAnnotations(Rewrite):
    """Remove shape annotations that contradict the shapes inferred from the model's inputs.

    Why: sizes written by an exporter or a tool go stale; a compiler that relies on them reports a contradiction, and
    infers the shapes itself where there are none. Annotations do not affect the computation.
    """

    name = "drop-annotations"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("", kinds=("attribute", "form"), traits=("annotations", "counts.named")),)
    before = "g (float[2, 3] x) => (float[2, 3] y) <float[2, 4] h> { h = Neg(x) y = Relu(h) }"
    after = "g (float[2, 3] x) => (float[2, 3] y) { h = Neg(x) y = Relu(h) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) <float[M, 3] h, float[N, 3] k> {
                 h = Neg(x)
                 k = Tanh(h)
                 y = Relu(k) }""",
            ops=("Neg", "Tanh", "Relu"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x, bool c) => (float[2, 3] y) {
                 y = If(c) <
                   then_branch = a () => (float[2, 3] u) <float[2, 4] h> { h = Neg(x) u = Relu(h) },
                   else_branch = b () => (float[2, 3] v) { v = Abs(x) }> }""",
            ops=("If",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) <float[2, 3] h> {
                 h = Neg(x)
                 y = Relu(h) }""",
            because="what the model says of its values is what follows from its inputs",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        stale = disputed(facts_of(model))
        if not stale:
            return Outcome(None, declined=(Declined("what the model says of its values is what follows from its inputs"),))
        made = ModelProto()
        made.CopyFrom(model)
        _forget(made.graph, (), stale)
        count = len(stale)
        return Outcome(made, (f"{count} value{'s' if count > 1 else ''}",), (((), ""),))


def _forget(graph: GraphProto, scope: Scope, stale: set[tuple[Scope, str]]) -> None:
    """Drop the annotations of these values in a graph and its subgraphs."""
    for at in reversed(range(len(graph.value_info))):
        if (scope, graph.value_info[at].name) in stale:
            del graph.value_info[at]
    for node in graph.node:
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                _forget(item.g, branch_scope(scope, node, item.name), stale)
