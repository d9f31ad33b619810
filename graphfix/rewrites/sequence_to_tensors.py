"""ConcatFromSequence(SequenceConstruct(a, b)) = Concat(a, b): a list whose length is known is its tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.pen import Pen, plain
from graphfix.rewrite import Case, Cure, Declined, GraphRewrite, Key, Safety
from graphfix.surgeon import Surgery

MAKERS = ("SequenceEmpty", "SequenceConstruct", "SequenceInsert", "SequenceErase", "SplitToSequence", "Identity")
READERS = ("SequenceAt", "SequenceLength", "ConcatFromSequence")
MOST_PIECES = 512


class SequenceToTensors(GraphRewrite):
    """Follow sequences through the graph, and let what reads them read the tensors inside.

    Why: almost no compiler has sequences; exporters write them for Python lists, most of which have a length that is
    known once loops are written out and dims are fixed.
    """

    name = "sequence-to-tensors"
    safety = Safety.EXACT
    needs_opset = 11
    everywhere = True
    cures = tuple(Cure(op) for op in (*MAKERS[:-1], *READERS))
    before = """s = SequenceConstruct(a, b)
                y = ConcatFromSequence<axis = 0>(s)"""
    after = "y = Concat<axis = 0>(a, b)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, N] x) => (float[A, N] y, int64 n, float[2, N] z)
               <int64 last = {-1}, int64 first = {0}> {
                 a = Neg(x)
                 e = SequenceEmpty()
                 s = SequenceInsert(e, x)
                 t = SequenceInsert(s, a, first)
                 y = ConcatFromSequence<axis = 0>(t)
                 n = SequenceLength(t)
                 u = SequenceErase(t, first)
                 z = SequenceAt(u, last) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2] x) => (float[2, 3] y, float[1, 2] z) <int64 i = {1}> {
                 s = SplitToSequence<axis = 0, keepdims = 0>(x)
                 y = ConcatFromSequence<axis = -1, new_axis = 1>(s)
                 u = SplitToSequence<axis = 0>(x)
                 z = SequenceAt(u, i) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 5] x) => (float[2, 6] y, float[2, 1] z)
               <int64 two = {2}, int64[2] sizes = {1, 4}, int64 i = {0}> {
                 s = SplitToSequence<axis = 1>(x, two)
                 a = SequenceAt(s, i)
                 t = SequenceErase(s)
                 r = SequenceInsert(t, a)
                 y = ConcatFromSequence<axis = 1>(r)
                 u = SplitToSequence<axis = 1>(x, sizes)
                 z = SequenceAt(u, i) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2] x) => (float[N, 2] y) {
                 s = SplitToSequence<axis = 0>(x)
                 y = ConcatFromSequence<axis = 0>(s) }""",
            because="what the sequence `s` holds is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, int64 i) => (float[2] y) {
                 s = SequenceConstruct(x, x)
                 y = SequenceAt(s, i) }""",
            because="the position `i` is not known",
        ),
    )

    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        held: dict[int, list[Any]] = {}
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                if node.op not in (*MAKERS, *READERS) or plain(node.domain):
                    continue
                pen = Pen(surgery, graph, node)
                if node.op in MAKERS:
                    pieces = _pieces(pen, held)
                    if pieces is not None:
                        held[id(node.outputs[0])] = pieces
                    continue
                key = surgery.key(node)
                reason = _read(pen, held)
                yield Declined(reason, at=surgery.label(key)) if reason is not None else key


def _place(pen: Pen, position: int, length: int, default: int) -> int | None:
    """The place a position operand means, from the front; None where it is not known or not there."""
    if pen.given(position) is None:
        return default
    found = pen.known(position)
    if found is None or found.size != 1:
        return None
    place = int(found.reshape(()))
    return place + length if place < 0 else place


def _pieces(pen: Pen, held: dict[int, list[Any]]) -> list[Any] | None:
    """The tensors in the sequence that a node makes; None where that is not known."""
    node = pen.node
    if node.op == "SequenceEmpty":
        return []
    if node.op == "SequenceConstruct":
        return list(node.inputs)
    if node.op == "SplitToSequence":
        return _split(pen)
    before = held.get(id(node.inputs[0]))
    if before is None or node.op == "Identity":
        return before
    inserting = node.op == "SequenceInsert"
    place = _place(pen, 2 if inserting else 1, len(before), len(before) if inserting else len(before) - 1)
    if place is None or not 0 <= place < len(before) + inserting:
        return None
    middle = [node.inputs[1]] if inserting else []
    return [*before[:place], *middle, *before[place if inserting else place + 1 :]]


def _split(pen: Pen) -> list[Any] | None:
    """The pieces of a SplitToSequence, written beside it; those that nothing reads go when the model is closed."""
    dims, axis = pen.dims(), pen.attr("axis", 0)
    size = None if dims is None else dims[axis]
    if dims is None or not isinstance(size, int):
        return None
    x, single = pen.given(0), pen.given(1) is None
    sizes = [1] * size
    if not single:
        split = pen.known(1)
        if split is None:
            return None
        step = int(split.reshape(-1)[0]) if split.ndim == 0 else 0
        sizes = split.tolist() if split.ndim else [min(step, size - start) for start in range(0, size, step)]
    if len(sizes) > MOST_PIECES:
        return None
    pieces, start = [], 0
    for length in sizes:
        if single and not pen.attr("keepdims", 1):
            pieces.append(pen.op("Gather", x, np.asarray(start, np.int64), axis=axis))
        else:
            pieces.append(pen.slice(x, axis, start, start + length))
        start += length
    at = next(i for i, other in enumerate(pen.graph.nodes) if other is pen.node)
    pen.graph.nodes[at:at] = pen.new
    return pieces


def _read(pen: Pen, held: dict[int, list[Any]]) -> str | None:
    """Let a reader read tensors; or why it cannot."""
    node = pen.node
    pieces = held.get(id(node.inputs[0]))
    if pieces is None:
        return f"what the sequence `{node.inputs[0].name}` holds is not known"
    if node.op == "SequenceLength":
        pen.finish(pen.const(np.asarray(len(pieces), np.int64)))
    elif node.op == "SequenceAt":
        place = _place(pen, 1, len(pieces), 0)
        if place is None or not 0 <= place < len(pieces):
            return f"the position `{node.inputs[1].name}` is not known"
        _hand_over(pen, pieces[place])
    elif not pieces:
        return f"the sequence `{node.inputs[0].name}` is empty"
    else:
        axis = pen.attr("axis")
        parts = [pen.unsqueeze(piece, axis) for piece in pieces] if pen.attr("new_axis", 0) else pieces
        pen.finish(pen.concat(parts, axis))
    return None


def _hand_over(pen: Pen, piece: Any) -> None:
    """Let the readers of an entry read the tensor itself; an Identity where the graph gives it."""
    made = pen.node.outputs[0]
    if any(made is output for graph in pen.surgery.graphs() for output in graph.outputs):
        pen.finish(piece)
        return
    pen.surgery.rewire(made, piece)
    pen.finish()
