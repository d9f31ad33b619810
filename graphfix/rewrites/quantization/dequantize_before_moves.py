"""DequantizeLinear(Move(q), s, z) = Move(DequantizeLinear(q, s, z)) for an operator that only moves elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.dtype.move_through_cast import MOVERS
from graphfix.rewrites.quantization.drop_quantization import numbers_of
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

DATA = (0,)
"""The operands that are moved, for operators that move one only."""


class DequantizeBeforeMoves(GraphRewrite):
    """Read quantised numbers back before they are reshaped, transposed or gathered.

    Why: onnxruntime quantises an operator that only moves elements with its neighbours, so that a QuantizeLinear and what
    reads it back are no pair, which other rewrites need.
    """

    name = "dequantize-before-moves"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("DequantizeLinear"),)
    before = """m = Flatten(q)
                y = DequantizeLinear(m, scale, zero)"""
    after = """d = DequantizeLinear(q, scale, zero)
               y = Flatten(d)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 4, 1] x) => (float[N, 4] y)
               <float s = {0.02}, uint8 z = {128}> {
                 q = QuantizeLinear(x, s, z)
                 m = Flatten(q)
                 y = DequantizeLinear(m, s, z) }""",
            ops=("QuantizeLinear", "DequantizeLinear", "Flatten"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[2, 4] q, int64[3] i) => (float[4, 3] y) <float s = {0.02}> {
                 t = Transpose<perm = [1, 0]>(q)
                 m = Gather<axis = 1>(t, i)
                 y = DequantizeLinear(m, s) }""",
            ops=("DequantizeLinear", "Transpose", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[4] q) => (float[4] y) <float s = {0.02}> {
                 y = DequantizeLinear(q, s) }""",
            because="its numbers are not moved in front of it",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[4, 2] q) => (float[2, 4] y) <float[4] s = {1, 2, 3, 4}> {
                 t = Transpose<perm = [1, 0]>(q)
                 y = DequantizeLinear<axis = 1>(t, s) }""",
            because="its scale is not one known number",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[4, 2] q) => (uint8[2, 4] t, float[2, 4] y) <float s = {0.02}> {
                 t = Transpose<perm = [1, 0]>(q)
                 y = DequantizeLinear(t, s) }""",
            because="something else reads `t`",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "DequantizeLinear" and is_standard(n)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                reason = _refusal(surgery, graph, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                while _refusal(surgery, graph, node) is None:
                    _swap(surgery, graph, node)
                yield key


def _refusal(surgery: GraphEditor, graph: Any, node: Any) -> str | None:
    """Why a DequantizeLinear stays behind the operator that makes its numbers; None where it need not."""
    moved = node.inputs[0]
    maker = next(iter(moved.inputs), None)
    if maker is None or all(each is not maker for each in graph.nodes) or MOVERS.get(maker.op) != DATA or len(maker.outputs) != 1:
        return "its numbers are not moved in front of it"
    if numbers_of(surgery, node) is None:
        return "its scale is not one known number"
    if len(moved.outputs) != 1 or any(moved is output for output in graph.outputs):
        return f"something else reads `{moved.name}`"
    return None


def _swap(surgery: GraphEditor, graph: Any, node: Any) -> None:
    """Read the numbers back in front of the operator that moves them, which then gives the node's output."""
    build, maker = surgery.at(surgery.label(surgery.key(node))), node.inputs[0].inputs[0]
    given, made = maker.inputs[0], node.outputs[0]
    node.outputs.clear()
    maker.outputs.clear()
    maker.outputs.append(made)
    node.inputs[0] = given
    node.outputs.append(build.value("read"))
    maker.inputs[0] = node.outputs[0]
    nodes = [each for each in graph.nodes if each is not maker]
    at = next(i for i, each in enumerate(nodes) if each is node)
    graph.nodes[:] = [*nodes[: at + 1], maker, *nodes[at + 1 :]]
