"""If(p, {c = Constant; f(x, c)}, ...) = If(p, {f(x, c)}, ...) with c an initializer of the main graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class LiftConstant(GraphRewrite):
    """Turn Constant nodes into initializers, including those inside branches and loop bodies.

    Why: some compilers do not support Constant, or not inside a branch; all support initializers.
    """

    name = "lift-constant"
    safety = Safety.EXACT
    everywhere = True
    fixes = (FixRule("Constant"),)
    before = """c = Constant<value = float {2.0}>()
                y = Mul(x, c)"""
    after = "y = Mul(x, c)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) {
                 c = Constant<value_float = 2.0>()
                 y = Mul(x, c) }""",
            ops=("Mul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[N] x) => (float[N] y) {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { c = Constant<value_float = 2.0>()  a = Mul(x, c) },
                   else_branch = e () => (float[N] b) { c = Constant<value_float = 3.0>()  b = Mul(x, c) }> }""",
            ops=("If",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float y) { y = Constant<value_float = 2.0>() }""",
            because="`y` is an output of its graph",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "Constant"]:
                key = surgery.key(node)
                made = node.outputs[0]
                if wanted is not None and key not in wanted:
                    continue
                if any(made is output for output in graph.outputs):
                    yield Declined(f"`{made.name}` is an output of its graph", at=surgery.label(key))
                elif surgery.lower(node):
                    yield key
