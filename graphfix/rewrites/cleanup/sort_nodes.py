"""y = Relu(h); h = Neg(x) = h = Neg(x); y = Relu(h): the same nodes, each behind what it reads."""

from __future__ import annotations

from typing import ClassVar

from onnx import ModelProto

from graphfix.ir.node_order import sort_nodes
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety


class SortNodes(Rewrite):
    """Put every node behind those that make what it reads.

    Why: ONNX requires that order. onnxruntime finds one itself, so tools that append a Cast for each input to the end of the
    list go unnoticed, until a compiler checks the model first.
    """

    name = "sort-nodes"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("", kinds=("attribute", "form"), traits=("unsorted",)),)
    before = "g (float[2, 3] x) => (float[2, 3] y) { y = Relu(h) h = Neg(x) }"
    after = "g (float[2, 3] x) => (float[2, 3] y) { h = Neg(x) y = Relu(h) }"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) {
                 y = Relu(k)
                 k = Tanh(h)
                 h = Neg(x) }""",
            ops=("Neg", "Tanh", "Relu"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x, bool c) => (float[2, 3] y) {
                 y = If(c) <
                   then_branch = a () => (float[2, 3] u) { u = Neg(h) },
                   else_branch = b () => (float[2, 3] v) { v = Abs(x) }>
                 h = Tanh(x) }""",
            ops=("Tanh", "If"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) {
                 h = Neg(x)
                 y = Relu(h) }""",
            because="every node stands behind what it reads",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        made = ModelProto()
        made.CopyFrom(model)
        count = sort_nodes(made)
        if not count:
            return Outcome(None, declined=(Declined("every node stands behind what it reads"),))
        return Outcome(made, (f"{count} graph{'s' if count > 1 else ''}",), (((), ""),))
