"""Loop<body: f(s, w)> = Loop<body with its own w: f(s, w)>: a loop body gets copies of the constants that it reads outside."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from onnx import GraphProto, ModelProto, NodeProto

from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, LoopRewrite, UnrolledPasses
from graphfix.rewrites.control_flow.proto_editor import every
from graphfix.rewriting.rewrite import Case, FixRule, Key, Outcome, Safety

MOST_ELEMENTS = 1 << 24
"""The most elements that are copied into one body."""


class SinkConstants(LoopRewrite):
    """Copy the initializers that a Loop body reads from the main graph into the body.

    Why: a converter that translates a body by itself finds no weights outside of it. What nothing else reads is moved.
    """

    name = "sink-constants"
    safety = Safety.EXACT
    needs_opset = 4
    fixes = (FixRule("Loop", traits=("borrows", "captures")),)
    operator = "Loop"
    before = "y = Loop<body = b (i, k, h) => (k, s) { s = MatMul(h, w) }>(n, c, x)"
    after = "y = Loop<body = b (i, k, h) => (k, s) <v = w> { s = MatMul(h, v) }>(n, c, x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, int64 n) => (float[2] y)
               <bool c = {1}, float[2, 2] w = {1, 0.5, -0.5, 1}, float[2] u = {1, 2}> {
                 v = Add(x, u)
                 y = Loop(n, c, v)<body = b (int64 i, bool k, float[2] h) => (bool q, float[2] s) {
                   q = Identity(k)
                   m = MatMul(h, w)
                   s = Add(m, u) }> }""",
            ops=("Add", "Loop"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, bool p) => (float[2] y)
               <int64 n = {3}, bool c = {1}, float[2] u = {1, 2}> {
                 y = Loop(n, c, x)<body = b (int64 i, bool k, float[2] h) => (bool q, float[2] s) {
                   q = Identity(k)
                   s = If (p) <then_branch = t () => (float[2] a) { a = Add(h, u) },
                               else_branch = e () => (float[2] d) { d = Mul(h, u) }> }> }""",
            ops=("Loop",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, float[2] w, int64 n) => (float[2] y) <bool c = {1}> {
                 y = Loop(n, c, x)<body = b (int64 i, bool k, float[2] h) => (bool q, float[2] s) <float[2] u = {1, 2}> {
                   q = Identity(k)
                   m = Add(w, u)
                   s = Add(h, m) }> }""",
            because="its body reads no constants from outside",
        ),
    )

    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Replace the loop by one whose body has its own constants."""
        body = GraphProto()
        body.CopyFrom(copies.body)
        own = {tensor.name for tensor in body.initializer} | {info.name for info in body.input}
        read = {name for inner in every(body.node) for name in inner.input} - own
        outside = [tensor for tensor in copies.book.model.graph.initializer if tensor.name in read]
        if not outside:
            raise CannotUnroll("its body reads no constants from outside")
        elements = sum(prod(tensor.dims) for tensor in outside)
        if elements > MOST_ELEMENTS:
            raise CannotUnroll(f"the constants that its body reads hold {elements} elements, over {MOST_ELEMENTS}")
        names: dict[str, str] = {}
        for tensor in outside:
            copy = body.initializer.add()
            copy.CopyFrom(tensor)
            copy.name = names[tensor.name] = copies.book.fresh(tensor.name)
        for inner in every(body.node):
            inner.input[:] = [names.get(name, name) for name in inner.input]
        copies.build.node("Loop", list(node.input), list(node.output), {"body": body})

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        outcome = super().apply(model, wanted)
        if outcome.model is not None:
            _drop_unread(outcome.model.graph, {tensor.name for tensor in model.graph.initializer})
        return outcome


def _drop_unread(graph: GraphProto, candidates: set[str]) -> None:
    """Remove the initializers among the candidates that nothing reads any more."""
    nodes = list(every(graph.node))
    read = {name for node in nodes for name in node.input} | {info.name for info in (*graph.output, *graph.input)}
    read |= {end.name for node in nodes for item in node.attribute for inner in [item.g, *item.graphs] for end in inner.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read or tensor.name not in candidates]
    if len(kept) < len(graph.initializer):
        made = GraphProto()
        made.initializer.extend(kept)
        del graph.initializer[:]
        graph.initializer.extend(made.initializer)
