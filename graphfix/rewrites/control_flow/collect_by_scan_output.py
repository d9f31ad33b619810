"""Loop(s = []) { s = SequenceInsert(s, t) } = SplitToSequence(Loop { scan output t }): a list that grows by one tensor a pass."""

from __future__ import annotations

from typing import ClassVar

from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper

from graphfix.analysis.loop_conditions import MOST_NODES
from graphfix.ir.dtypes import CODES
from graphfix.ir.traversal import branch_scope
from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, LoopRewrite, UnrolledPasses
from graphfix.rewrites.control_flow.proto_editor import every
from graphfix.rewriting.rewrite import Case, FixRule, Key, Outcome, Safety


class CollectByScanOutput(LoopRewrite):
    """Stack what a Loop appends to a list as a scan output of the Loop, and split it behind the Loop.

    Why: PyTorch scripts a list that a loop appends to as a sequence, which hardly a compiler supports; scan outputs are part
    of every Loop, and what is joined or read behind it needs no sequence any more.
    """

    name = "collect-by-scan-output"
    safety = Safety.EXACT
    needs_opset = 11
    everywhere = True
    fixes = tuple(FixRule(op) for op in ("SequenceEmpty", "SequenceInsert", "ConcatFromSequence", "Loop"))
    operator = "Loop"
    before = """e = SequenceEmpty()
                s = Loop (n, , e) <body = b (int64 i, bool c, seq(float[2]) l) => (bool d, seq(float[2]) m) {
                  d = Identity(c)  t = Gather(x, i)  m = SequenceInsert(l, t) }>"""
    after = """y = Loop (n, ) <body = b (int64 i, bool c) => (bool d, float[2] t) { d = Identity(c)  t = Gather(x, i) }>
               s = SplitToSequence<axis = 0, keepdims = 0>(y)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x, float[3] w) => (float[N, 3] y, float[3] h)
               <int64 zero = {0}, bool yes = {1}> {
                 s = Shape(x)
                 n = Gather(s, zero)
                 e = SequenceEmpty()
                 h, q = Loop (n, yes, w, e) <body = b (int64 i, bool c, float[3] a, seq(float[3]) l)
                   => (bool d, float[3] o, seq(float[3]) m) {
                   d = Identity(c)
                   r = Gather(x, i)
                   o = Add(r, a)
                   m = SequenceInsert(l, o) }>
                 y = ConcatFromSequence<axis = 0, new_axis = 1>(q) }""",
            ops=("Shape", "Gather", "Loop", "SplitToSequence", "ConcatFromSequence"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y, float[N, 3] z) <bool yes = {1}> {
                 n = Shape<end = 1>(x)
                 e = SequenceEmpty()
                 q, z = Loop (n, yes, e) <body = b (int64 i, bool c, seq(float[1, 3]) l)
                   => (bool d, seq(float[1, 3]) m, float[3] o) <int64[1] first = {0}> {
                   d = Identity(c)
                   o = Gather(x, i)
                   u = Unsqueeze(o, first)
                   m = SequenceInsert(l, u) }>
                 y = ConcatFromSequence<axis = 0>(q) }""",
            ops=("Shape", "Loop", "SplitToSequence", "ConcatFromSequence"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 3] x) => (float[4, 3] y) <int64 n = {4}, bool yes = {1}> {
                 e = SequenceEmpty()
                 q = Loop (n, yes, e) <body = b (int64 i, bool c, seq(float[3]) l) => (bool d, seq(float[3]) m) {
                   d = Identity(c)
                   o = Gather(x, i)
                   m = SequenceInsert(l, o) }>
                 y = ConcatFromSequence<axis = 0, new_axis = 1>(q) }""",
            because="its trip count is known, and it can be unrolled",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 3] x, int64 n) => (float[A, 3] y) <bool yes = {1}> {
                 e = SequenceConstruct(x)
                 q = Loop (n, yes, e) <body = b (int64 i, bool c, seq(float[1, 3]) l) => (bool d, seq(float[1, 3]) m)
                   <int64[1] first = {0}> {
                   d = Identity(c)
                   o = Gather(x, i)
                   u = Unsqueeze(o, first)
                   m = SequenceInsert(l, u) }>
                 y = ConcatFromSequence<axis = 0>(q) }""",
            because="its list `l` does not begin empty",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 3] x, int64 n) => (float[A, 3] y) <bool yes = {1}> {
                 e = SequenceEmpty()
                 q = Loop (n, yes, e) <body = b (int64 i, bool c, seq(float[B, 3]) l) => (bool d, seq(float[B, 3]) m)
                   <int64[1] first = {0}, int64[1] rows = {-1}> {
                   d = Identity(c)
                   k = Reshape(i, rows)
                   u = Slice(x, first, k, first)
                   m = SequenceInsert(l, u) }>
                 y = ConcatFromSequence<axis = 0>(q) }""",
            because="the shape of `u` may change from one iteration to the next",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <int64 n = {3}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   t = Add(s, s)  d = Identity(c) }> }""",
            because="it appends to no list",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        outcome = super().apply(model, wanted)
        if outcome.model is not None:
            _drop_unread(outcome.model.graph)
        return outcome

    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Replace the loop by one with a scan output for every list."""
        lists = [place for place, info in enumerate(copies.body.input[2:]) if _is_sequence(node, place, info, copies)]
        if not lists:
            raise CannotUnroll("it appends to no list")
        count = copies.known(node.input[0])
        if count is not None and count.size == 1 and int(count.reshape(())) * len(copies.body.node) <= MOST_NODES:
            raise CannotUnroll("its trip count is known, and it can be unrolled")
        inside = branch_scope(copies.scope, node, "body")
        body, outputs = GraphProto(), list(node.output)
        body.CopyFrom(copies.body)
        carried = len(body.input) - 2
        collected: list[str] = []
        for place in lists:
            item = _appended(node, place, copies)
            made = body.output[1 + place].name
            _drop(body, made)
            copy = copies.book.fresh(f"{item}/{copies.book.stamp}")
            body.node.append(helper.make_node("Identity", [item], [copy]))
            body.output.append(_typed(copy, item, inside, copies))
            collected.append(copies.book.fresh(f"{outputs[place]}/stacked"))
        kept = [place for place in range(carried) if place not in lists]
        inputs = [body.input[index] for index in (0, 1, *(2 + place for place in kept))]
        results = [body.output[index] for index in (0, *(1 + place for place in kept), *range(1 + carried, len(body.output)))]
        _replace(body, inputs, results)
        wanted = [*(outputs[place] for place in kept), *outputs[carried:], *collected]
        operands = [*node.input[:2], *[""] * (2 - len(node.input[:2])), *(node.input[2 + place] for place in kept)]
        copies.build.node("Loop", operands, wanted, {"body": body})
        for place, stacked in zip(lists, collected, strict=True):
            if outputs[place]:
                copies.build.node("SplitToSequence", [stacked], [outputs[place]], {"axis": 0, "keepdims": 0})


def _is_sequence(node: NodeProto, place: int, info: ValueInfoProto, copies: UnrolledPasses) -> bool:
    """Whether a carried value is a sequence: its type says so, or SequenceInsert makes it."""
    made = copies.body.output[1 + place].name
    inserted = any(other.op_type == "SequenceInsert" and made in other.output for other in copies.body.node)
    return inserted or info.type.HasField("sequence_type")


def _appended(node: NodeProto, place: int, copies: UnrolledPasses) -> str:
    """Return the tensor that each pass appends to a list; raises CannotUnroll where it does something else."""
    name, made = copies.body.input[2 + place].name, copies.body.output[1 + place].name
    makers = {output: other for other in every(copies.book.model.graph.node) for output in other.output}
    first = makers.get(node.input[2 + place])
    if first is None or first.op_type != "SequenceEmpty":
        raise CannotUnroll(f"its list `{name}` does not begin empty")
    maker = makers.get(made)
    readers = [other for other in every(copies.body.node) if name in other.input or made in other.input]
    if maker is None or maker.op_type != "SequenceInsert" or maker.input[0] != name or readers != [maker]:
        raise CannotUnroll(f"its list `{name}` is not only appended to")
    if len(maker.input) > 2 and maker.input[2]:
        raise CannotUnroll(f"it inserts into its list `{name}` at a place")
    return str(maker.input[1])


def _typed(name: str, item: str, inside: tuple[str, ...], copies: UnrolledPasses) -> ValueInfoProto:
    """Return the scan output's description; raises CannotUnroll where its shape may change."""
    value = copies.book.facts.value(item, inside)
    known = {dim.dim_param for info in copies.book.model.graph.input for dim in info.type.tensor_type.shape.dim}
    if value is None or not value.dtype or value.shape is None:
        raise CannotUnroll(f"the shape of `{item}` is not known")
    if not all(isinstance(dim, int) or dim in known - {""} for dim in value.shape):
        raise CannotUnroll(f"the shape of `{item}` may change from one iteration to the next")
    return helper.make_tensor_value_info(name, CODES[value.dtype], list(value.shape))


def _drop_unread(graph: GraphProto) -> None:
    """Remove the empty sequences that nothing reads any more."""
    read = {name for node in every(graph.node) for name in node.input}
    for node in [node for node in graph.node if node.op_type == "SequenceEmpty" and node.output[0] not in read]:
        graph.node.remove(node)


def _drop(body: GraphProto, made: str) -> None:
    """Remove the node that makes a value, and what is said of the value's type."""
    at = next(place for place, node in enumerate(body.node) if made in node.output)
    del body.node[at]
    for place in [place for place, info in enumerate(body.value_info) if info.name == made]:
        del body.value_info[place]


def _replace(body: GraphProto, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> None:
    """Make these the inputs and outputs of a body."""
    kept = [[ValueInfoProto.FromString(info.SerializeToString()) for info in infos] for infos in (inputs, outputs)]
    del body.input[:], body.output[:]
    body.input.extend(kept[0])
    body.output.extend(kept[1])
