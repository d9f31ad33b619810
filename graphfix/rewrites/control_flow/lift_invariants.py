"""Loop(w -> w) = Loop() with w from the outer scope: a carried value that the body returns unchanged is invariant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from onnx import AttributeProto, GraphProto, ModelProto

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class LiftInvariants(GraphRewrite):
    """Make a Loop body read invariant carried values from the outer scope, and give every other output a producer.

    Why: frameworks export weights as carried values. A compiler does not know the shapes of carried values, because they may
    change between iterations, and one that maps a body's outputs to their producers finds none.
    """

    name = "lift-invariants"
    safety = Safety.EXACT
    needs_opset = 8
    everywhere = True
    fixes = (FixRule("Loop"), FixRule("*", kinds=("undecided",)))
    before = "y, v = Loop<body = b (i, k, h, p) => (k, s, p) { s = Add(h, p) }>(n, c, x, w)"
    after = """y = Loop<body = b (i, k, h) => (q, s) { q = Identity(k) s = Add(h, w) }>(n, c, x)
               v = Identity(w)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, float[2] w) => (float[2] y, float[2] v)
               <int64 n = {3}, bool c = {1}> {
                 y, v = Loop(n, c, x, w)<body = b (int64 i, bool k, float[2] h, float[2] p) => (bool k, float[2] s, float[2] p) {
                   s = Add(h, p) }> }""",
            ops=("Loop", "Identity"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, float[2] w, int64 n)
               => (float[2] y, float[2] v, float[A, 2] z) <bool c = {1}> {
                 u = Neg(w)
                 y, v, z = Loop(n, c, x, u)<body = b (int64 i, bool k, float[2] h, float[2] p) => (bool q, float[2] p, float[2] s,
                                                                                                 float[2] h) {
                   q = Identity(k)
                   s = Add(h, p) }> }""",
            ops=("Neg", "Loop"),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <int64 n = {3}, bool c = {1}> {
                 y = Loop(n, c, x)<body = b (int64 i, bool k, float[2] h) => (bool q, float[2] s) {
                   q = Identity(k)
                   s = Add(h, h) }> }"""
        ),
    )

    def idle(self, model: ModelProto) -> bool:
        return not _loops(model.graph)

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                body, key = node.attrs.get("body"), surgery.key(node)
                if node.op != "Loop" or body is None or (wanted is not None and key not in wanted):
                    continue
                lifted = [place for place in range(len(node.inputs) - 2) if _kept(body, place)]
                for place in reversed(lifted):
                    self._lift(surgery, graph, node, place)
                given = {id(tensor) for tensor in body.inputs}
                passed = [place for place, tensor in enumerate(body.outputs) if id(tensor) in given]
                for place in passed:
                    tensor = body.outputs[place]
                    made = surgery.gs.Variable(surgery.fresh(tensor.name), dtype=tensor.dtype, shape=tensor.shape)
                    body.nodes.append(surgery.at(surgery.label(key)).node("Identity", [tensor], [made]))
                    body.outputs[place] = made
                if lifted or passed:
                    yield key

    def _lift(self, surgery: GraphEditor, graph: Any, node: Any, place: int) -> None:
        """Remove a carried value from a loop: the body and the result's consumers read its initial value."""
        body, outer, result = node.attrs["body"], node.inputs[2 + place], node.outputs[place]
        inner = body.inputs.pop(2 + place)
        body.outputs.pop(1 + place)
        for other, tensor in enumerate(body.outputs):
            if tensor is inner:  # also a scan output
                made = surgery.gs.Variable(surgery.fresh(inner.name), dtype=inner.dtype, shape=inner.shape)
                body.nodes.append(surgery.at(inner.name).node("Identity", [outer], [made]))
                body.outputs[other] = made
        for reader in list(inner.outputs):
            for position, tensor in enumerate(reader.inputs):
                if tensor is inner:
                    reader.inputs[position] = outer
        del node.inputs[2 + place]
        del node.outputs[place]
        if result.name:
            graph.nodes.append(surgery.at(result.name).node("Identity", [outer], [result]))


def _kept(body: Any, place: int) -> bool:
    """Whether a body returns a carried value unchanged."""
    return 2 + place < len(body.inputs) and 1 + place < len(body.outputs) and body.outputs[1 + place] is body.inputs[2 + place]


def _loops(graph: GraphProto) -> bool:
    for node in graph.node[:]:
        inner = [item.g for item in node.attribute[:] if item.type == AttributeProto.GRAPH]
        if node.op_type == "Loop" or any(map(_loops, inner)):
            return True
    return False
