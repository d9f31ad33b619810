"""ReduceMax<axes = [3, 5]>(x of rank 6) = Reshape, ReduceMax<axes = [1, 3]> of rank 4, Reshape: like axes are one axis.

Of reshapes in a row only the last is left, so that a chain of nodes of rank 6 between two reshapes passes no tensor of
that rank any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.analysis.wide_chains import MERGING, MOST_AXES, VIEWS
from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.shape.merged_axes import Narrowed
from graphfix.rewrites.shape.narrow_transpose import NarrowTranspose
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.replacement import ReplacementBuilder
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class NarrowRank(GraphRewrite):
    """Write nodes on tensors of more than five axes as nodes on fewer, between reshapes.

    Why: windows, neighbourhoods and polyphase filters are written with six axes and more, and some compilers stop at five.
    Neighbouring axes that a node treats alike can be counted as one, and a reshape to another reshape is one reshape.
    """

    name = "narrow-rank"
    safety = Safety.EXACT
    needs_opset = 5
    ulps = 64
    everywhere = True
    fixes = (
        FixRule("*", kinds=("rank",)),
        *(FixRule(op, kinds=("form", "attribute")) for op in ("Gather", "Reshape", "Squeeze", "Transpose", "Unsqueeze", "Slice")),
    )
    before = """a = Reshape(x, six)
                y = ReduceMax<axes = [3, 5], keepdims = 0>(a)"""
    after = """a = Reshape(x, four)
               b = ReduceMax<axes = [1, 3]>(a)
               y = Reshape(b, dims)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 12, 14] x) => (float[1, 2, 6, 7] y)
               <int64[6] six = {1, 2, 6, 2, 7, 2}> {
                 a = Reshape(x, six)
                 y = ReduceMax<axes = [3, 5], keepdims = 0>(a) }""",
            ops=("Reshape", "ReduceMax", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4, 6, 3] x, float[2, 1, 1, 3] w) => (float[M, 4, 6, 3] y)
               <int64[6] six = {-1, 2, 2, 3, 2, 3}, int64[4] four = {-1, 4, 6, 3}> {
                 a = Reshape(x, six)
                 b = Mul(a, w)
                 c = Sigmoid(b)
                 y = Reshape(c, four) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 8, 8] x, float[2, 2] w) => (float[2, 3, 4] y)
               <int64[2, 4] i = {0, 1, 2, 3, 4, 5, 6, 7}, int64[3] axes = {3, 4, 5}> {
                 a = Gather<axis = 2>(x, i)
                 b = Gather<axis = 4>(a, i)
                 c = Transpose<perm = [0, 1, 3, 5, 2, 4]>(b)
                 d = Mul(c, w)
                 y = ReduceSum<keepdims = 0>(d, axes) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 4] x) => (float[2, 3, 8, 2] y)
               <int64[6] six = {2, 3, 4, 1, 1, 1}, int64[12] pads = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1},
                int64[4] out = {2, 3, 8, 2}, int64[1] s = {0}, int64[1] e = {9}, int64[1] last = {-1}> {
                 a = Reshape(x, six)
                 b = Pad(a, pads)
                 c = Slice(b, s, e, last)
                 y = Reshape(c, out) }""",
            ops=("Reshape", "Pad", "Reshape", "Slice", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 6, 8, 9] x) => (float[N, 3, 4, 3] y)
               <int64[7] seven = {-1, 3, 2, 4, 2, 3, 3}> {
                 a = Reshape(x, seven)
                 y = ReduceMean<axes = [2, 4, 6], keepdims = 0>(a) }""",
            ops=("Reshape", "ReduceMean", "Reshape", "ReduceMean", "Reshape", "ReduceMean", "Reshape"),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) { y = Relu(x) }"""),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[A, B, 2, 2, 2, 2] x) => (float[A, B, 2, 2, 2, 2] y) {
                 y = Relu(x) }""",
            because="several dims are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 2, 2, 2, 2, 2] x, float[2, 1, 2, 1, 2, 1] z)
               => (float[2, 2, 2, 2, 2, 2] y) { y = Add(x, z) }""",
            because=f"its axes are of 6 kinds, over {MOST_AXES}",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            changed = []
            for node in list(graph.nodes):
                if node.op not in MERGING or not is_standard(node) or not _wide(surgery, node):
                    continue
                key = surgery.key(node)
                draft = ReplacementBuilder(surgery, node)
                reason = NarrowTranspose().draw(draft) if node.op == "Transpose" else Narrowed(draft, MOST_AXES).draw()
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                if node.op in VIEWS and _plain(surgery, node) and not any(n.op == "Reshape" for n in node.inputs[0].inputs):
                    continue
                protos, constants = draft.finish()
                bound = {f"in{i}": tensor for i, tensor in enumerate(node.inputs)}
                made = {f"out{i}": tensor for i, tensor in enumerate(node.outputs) if tensor.name}
                surgery.replace(graph, node, protos, bound, made, constants)
                changed.append(key)
            for node in graph.nodes if changed else ():
                if _plain(surgery, node):
                    _skip_reshapes(surgery, node)
            yield from changed


def _wide(surgery: GraphEditor, node: Any) -> bool:
    """Whether an operand or a result has more than the supported number of axes."""
    values = [surgery.value(tensor) for tensor in (*node.inputs, *node.outputs) if tensor.name]
    return any(value is not None and value.shape is not None and len(value.shape) > MOST_AXES for value in values)


def _plain(surgery: GraphEditor, node: Any) -> bool:
    """Whether the node is a Reshape whose target says all of the result: numbers, and one -1 at most."""
    if node.op != "Reshape" or len(node.inputs) < 2:
        return False
    target = surgery.known(node.inputs[1])
    return target is not None and target.size > 0 and not np.any(target == 0)


def _skip_reshapes(surgery: GraphEditor, node: Any) -> None:
    """Make a Reshape read what new reshapes, and those to many axes, before it read."""
    while any(maker.op in VIEWS for maker in node.inputs[0].inputs):
        value = surgery.value(node.inputs[0])
        if value is not None and value.shape is not None and len(value.shape) <= MOST_AXES:
            break
        node.inputs[0] = node.inputs[0].inputs[0].inputs[0]
