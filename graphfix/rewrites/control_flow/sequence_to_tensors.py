"""ConcatFromSequence(SequenceConstruct(a, b)) = Concat(a, b): a sequence of known length is replaced by its tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from onnx import helper

from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.control_flow.split_readers import chosen_tensor, read_split
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

MAKERS = ("SequenceEmpty", "SequenceConstruct", "SequenceInsert", "SequenceErase", "SplitToSequence", "Identity")
READERS = ("SequenceAt", "SequenceLength", "ConcatFromSequence")
MOST_PIECES = 512


class SequenceToTensors(GraphRewrite):
    """Replace sequences of known length by their tensors, which their consumers then read.

    Why: almost no compiler supports sequences; exporters write them for Python lists, most of which have a known length
    once loops are unrolled and dims are fixed.
    """

    name = "sequence-to-tensors"
    safety = Safety.EXACT
    needs_opset = 11
    everywhere = True
    fixes = tuple(FixRule(op) for op in (*MAKERS[:-1], *READERS))
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
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x, bool q) => (float[5] a, float[1, 5] b, float[N, 5] y,
               float[N, 5] z, int64 n, float[5] c) <int64 first = {0}, int64 last = {-1}, int64 two = {2}> {
                 s = SplitToSequence<axis = 0, keepdims = 0>(x)
                 i = Where(q, first, last)
                 a = SequenceAt(s, i)
                 y = ConcatFromSequence<axis = 0, new_axis = 1>(s)
                 t = SplitToSequence<axis = 0>(x)
                 b = SequenceAt(t, last)
                 u = SplitToSequence<axis = 0>(x, two)
                 z = ConcatFromSequence<axis = 0>(u)
                 n = SequenceLength(u)
                 d = Neg(a)
                 v = SequenceConstruct(a, d)
                 c = SequenceAt(v, i) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2, 3] x) => (float[A, 3] a, float[2, B] b, float[2, N, 3] c) {
                 s = SplitToSequence<axis = 0, keepdims = 0>(x)
                 a = ConcatFromSequence<axis = 0>(s)
                 b = ConcatFromSequence<axis = -1>(s)
                 c = ConcatFromSequence<axis = 1, new_axis = 1>(s) }""",
            ops=("Reshape", "Transpose", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[2, M] a)
               <int64[2] sizes = {2, 3}, int64 first = {0}, int64[1] zero = {0}, int64[1] five = {5}> {
                 h = Slice(x, zero, five)
                 p = Concat<axis = 0>(h, h, h, h, h)
                 c = Slice(p, zero, five)
                 s = SplitToSequence<axis = 0>(c, sizes)
                 a = SequenceAt(s, first) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 2] x) => (float[2, N] y) {
                 s = SplitToSequence<axis = 0>(x)
                 y = ConcatFromSequence<axis = 1>(s) }""",
            because="what the sequence `s` holds is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, float[3] z, int64 i) => (float[K] y) {
                 s = SequenceConstruct(x, z)
                 y = SequenceAt(s, i) }""",
            because="the position `i` is not known",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        held: dict[int, list[Any]] = {}
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                if node.op not in (*MAKERS, *READERS) or not is_standard(node):
                    continue
                if node.op in MAKERS:
                    pieces = _pieces(surgery, graph, node, held)
                    if pieces is not None:
                        held[id(node.outputs[0])] = pieces
                    continue
                key = surgery.key(node)
                reason = _read(surgery, graph, node, held)
                yield Declined(reason, at=surgery.label(key)) if reason is not None else key


def _place(surgery: GraphEditor, node: Any, position: int, length: int, default: int) -> int | None:
    """Return the index given by a position operand, counted from the front; None where it is unknown or out of range."""
    if len(node.inputs) <= position or not node.inputs[position].name:
        return default
    found = surgery.known(node.inputs[position])
    if found is None or found.size != 1:
        return None
    place = int(found.reshape(()))
    return place + length if place < 0 else place


def _pieces(surgery: GraphEditor, graph: Any, node: Any, held: dict[int, list[Any]]) -> list[Any] | None:
    """Return the tensors in the sequence that a node produces; None where they are not known."""
    if node.op == "SequenceEmpty":
        return []
    if node.op == "SequenceConstruct":
        return list(node.inputs)
    if node.op == "SplitToSequence":
        return _split(surgery, graph, node)
    before = held.get(id(node.inputs[0]))
    if before is None or node.op == "Identity":
        return before
    adds = int(node.op == "SequenceInsert")
    place = _place(surgery, node, 1 + adds, len(before), len(before) if adds else len(before) - 1)
    if place is None or not 0 <= place < len(before) + adds:
        return None
    middle = [node.inputs[1]] if adds else []
    return [*before[:place], *middle, *before[place if adds else place + 1 :]]


def _split(surgery: GraphEditor, graph: Any, node: Any) -> list[Any] | None:
    """Return the pieces of a SplitToSequence, computed by new nodes; unused ones are removed at export."""
    x, axis, origin = node.inputs[0], int(node.attrs.get("axis", 0)), surgery.label(surgery.key(node))
    value = surgery.value(x)
    size = None if value is None or value.shape is None else value.shape[axis]
    bare = len(node.inputs) < 2 or not node.inputs[1].name
    split = np.asarray(1) if bare else surgery.known(node.inputs[1])
    if split is None or (split.ndim == 0 and split <= 0):
        return None
    if split.ndim:
        sizes = split.tolist()
    elif isinstance(size, int):
        sizes = [min(int(split), size - start) for start in range(0, size, int(split))]
    else:
        return None
    if len(sizes) > MOST_PIECES:
        return None
    pieces, build = [], surgery.at(origin)
    for start, length in zip(np.cumsum([0, *sizes]).tolist(), sizes, strict=False):
        if bare and not node.attrs.get("keepdims", 1):
            op, numbers, attrs = "Gather", [np.asarray(start, np.int64)], {"axis": axis}
        else:
            op, attrs = "Slice", {}
            numbers = [np.asarray([number], np.int64) for number in (start, start + length, axis)]
        pieces.append(build.op(op, x, *(build.constant("place", number) for number in numbers), word="piece", **attrs))
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    graph.nodes[at:at] = build.nodes
    return pieces


def _read(surgery: GraphEditor, graph: Any, node: Any, held: dict[int, list[Any]]) -> str | None:
    """Make a consumer of a sequence read tensors; return why that is not possible, else None."""
    pieces, sequence = held.get(id(node.inputs[0])), node.inputs[0].name
    if pieces is None:
        maker = next(iter(node.inputs[0].inputs), None)
        found = read_split(surgery, node, maker) if maker is not None and maker.op == "SplitToSequence" else None
        if found is None:
            return f"what the sequence `{sequence}` holds is not known"
        nodes, bound, constants = found
        surgery.replace(graph, node, nodes, bound, {"out": node.outputs[0]}, constants)
        return None
    bound = {f"in{i}": piece for i, piece in enumerate(pieces)}
    if node.op == "SequenceLength":
        _become(surgery, graph, node, surgery.constant(f"{sequence}/length", np.asarray(len(pieces), np.int64)))
    elif node.op == "SequenceAt":
        place = _place(surgery, node, 1, len(pieces), 0)
        if place is None and surgery.known(node.inputs[1]) is None and _alike(surgery, pieces):
            bound["place"] = node.inputs[1]
            nodes = chosen_tensor(list(bound)[:-1], "place")
            written, operands = in_opset_form(nodes, surgery.opset, None)
            surgery.replace(graph, node, written, bound, {"out": node.outputs[0]}, operands)
            return None
        if place is None or not 0 <= place < len(pieces):
            return f"the position `{node.inputs[1].name}` is not known"
        _become(surgery, graph, node, pieces[place])
    elif not pieces:
        return f"the sequence `{sequence}` is empty"
    else:
        axis, names = int(node.attrs["axis"]), list(bound)
        nodes = []
        if node.attrs.get("new_axis", 0):
            nodes = [helper.make_node("Unsqueeze", [name], [f"new{name}"], axes=[axis]) for name in names]
            names = [f"new{name}" for name in names]
        joined = helper.make_node("Concat", names, ["out"], axis=axis)
        nodes.append(joined if len(names) > 1 else helper.make_node("Identity", names, ["out"]))
        written, operands = in_opset_form(nodes, surgery.opset, None)
        surgery.replace(graph, node, written, bound, {"out": node.outputs[0]}, operands)
    return None


def _alike(surgery: GraphEditor, pieces: list[Any]) -> bool:
    """Whether tensors have the same shape, as far as is known without running the model."""
    shapes = [value.shape if (value := surgery.value(piece)) is not None else None for piece in pieces]
    first = shapes[0] if shapes else None
    return first is not None and None not in first and all(shape == first for shape in shapes)


def _become(surgery: GraphEditor, graph: Any, node: Any, tensor: Any) -> None:
    """Make the consumers of a node's output read another tensor, through an Identity if it is a graph output."""
    made = node.outputs[0]
    if any(made is output or made.name == output.name for inner in surgery.graphs() for output in inner.outputs):
        surgery.replace(graph, node, [helper.make_node("Identity", ["in"], ["out"])], {"in": tensor}, {"out": made}, {})
        return
    surgery.rewire(made, tensor)
    node.inputs.clear()
