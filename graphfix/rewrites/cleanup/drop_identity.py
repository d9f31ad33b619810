"""Identity(x) = x, and so is Dropout(x) at inference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class DropIdentity(GraphRewrite):
    """Remove an Identity, or a Dropout at inference; its consumers read its input instead.

    Why: it computes nothing, and some compilers reject it for its dtype or its mask output.
    """

    name = "drop-identity"
    safety = Safety.EXACT
    fixes: ClassVar[tuple[FixRule, ...]] = (FixRule("Identity"), FixRule("Dropout"))
    before = """h = Identity(x)
                y = Relu(h)"""
    after = "y = Relu(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) { h = Identity(x)  y = Relu(h) }""",
            ops=("Relu",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[N] x) => (float[N] y) {
                 h = Exp(x)
                 y = Dropout<ratio = 0.5>(h) }""",
            ops=("Exp",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) { y = Identity(x) }""",
            because="it stands between an input and an output of the graph",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y, bool[3] m) { y, m = Dropout(x) }""",
            because="its mask is used",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x, bool t) => (float[3] y) <float r = {0.5}> {
                 h = Dropout(x, r, t)
                 y = Relu(h) }""",
            because="it may be in training mode",
        ),
    )

    def concerns(self, node: Any, surgery: GraphEditor) -> bool:
        """Whether a node of ONNX's own domain is one that this rewrite removes."""
        return node.op in ("Identity", "Dropout")

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if is_standard(n) and self.concerns(n, surgery)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                reason = _refusal(surgery, graph, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                source, made = node.inputs[0], node.outputs[0]
                if any(made is output for output in graph.outputs):
                    node.inputs.clear()
                    node.outputs.clear()
                    surgery.become(source, made)
                else:
                    surgery.rewire(made, source)
                yield key


def _refusal(surgery: GraphEditor, graph: Any, node: Any) -> str | None:
    """Return why the node must stay; None when it can be removed."""
    if node.op == "Dropout":
        if len(node.inputs) > 2 and node.inputs[2].name:
            mode = surgery.known(node.inputs[2])
            if mode is None or bool(mode.reshape(())):
                return "it may be in training mode"
        if any(t.name and (t.outputs or any(t is o for o in graph.outputs)) for t in node.outputs[1:]):
            return "its mask is used"
    source, made = node.inputs[0], node.outputs[0]
    ends = any(made is output for output in graph.outputs)
    producers = source.inputs if not isinstance(source, surgery.gs.Constant) else []
    local = len(producers) == 1 and any(producers[0] is n for n in graph.nodes)
    if ends and (not local or any(source is output for output in graph.outputs)):
        return "it stands between an input and an output of the graph"
    return None
