"""Loop<body>(n, true, s) = Scan<body>(s, Range(0, n, 1)): a counted loop scans the numbers of its iterations."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper

from graphfix.ir.traversal import branch_scope
from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, LoopRewrite, UnrolledPasses
from graphfix.rewrites.control_flow.proto_editor import every
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class LoopToScan(LoopRewrite):
    """Write a Loop with a trip count, constant or computed, as a Scan over the numbers of its iterations.

    Why: a compiler may support Scan and not Loop. A Scan cannot end early and its carried values keep their shapes, so the
    condition must be true throughout.
    """

    name = "loop-to-scan"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("Loop"),)
    operator = "Loop"
    before = """y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                  d = Identity(c)  t = Add(s, s) }>"""
    after = """turns = Range(zero, n, one)
               y = Scan<num_scan_inputs = 1, body = b (float[2] s, int64 i) => (float[2] t) { t = Add(s, s) }>(x, turns)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x, float[3] w) => (float[3] h, float[N, 3] y)
               <int64 zero = {0}, bool yes = {1}> {
                 s = Shape(x)
                 n = Gather(s, zero)
                 h, y = Loop (n, yes, w) <body = b (int64 i, bool c, float[3] a) => (bool d, float[3] e, float[3] o) {
                   d = Identity(c)
                   r = Gather(x, i)
                   e = Add(r, a)
                   o = Where(c, e, a) }> }""",
            ops=("Shape", "Gather", "Range", "Scan"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[5, 3] x) => (float[5, 3] y) <int64[1] n = {5}, bool go = {1}> {
                 y = Loop (n, go) <body = b (int64 i, bool c) => (bool d, float[3] o) <bool yes = {1}> {
                   d = Identity(yes)
                   r = Gather(x, i)
                   o = Exp(r) }> }""",
            ops=("Scan",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) <bool yes = {1}> {
                 s = Shape<end = 1>(x)
                 y = Loop (s, yes) <body = b (int64 i, bool c) => (bool c, float[3] o) { r = Gather(x, i)  o = Exp(r) }> }""",
            ops=("Shape", "Squeeze", "Range", "Scan"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, int64 n) => (float[2] y) <float most = {7}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   t = Add(s, s)  m = ReduceMax<keepdims = 0>(t)  d = Less(m, most) }> }""",
            because="its condition is computed in each iteration, and a Scan cannot end early",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, bool p) => (float[2] y) <int64 n = {3}> {
                 y = Loop (n, p, x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   t = Add(s, s)  d = Identity(c) }> }""",
            because="its condition `p` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1] x, int64 n) => (float[K] y) {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[A] s) => (bool d, float[B] t) {
                   t = Concat<axis = 0>(s, x)  d = Identity(c) }> }""",
            because="the shape of `s` may change from one iteration to the next",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <bool yes = {1}, int64 five = {5}> {
                 y = Loop ( , yes, x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   t = Add(s, s)  d = Less(i, five) }> }""",
            because="it has no trip count",
        ),
    )

    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Replace the loop by one Scan."""
        _check(node, copies)
        body, turns = copies.body, _turns(node.input[0], copies)
        scan = GraphProto()
        scan.CopyFrom(body)
        number, going = body.input[0], body.input[1].name
        index = helper.make_tensor_value_info(number.name, TensorProto.INT64, [])
        del scan.input[:], scan.output[:]
        scan.input.extend([*body.input[2:], index])
        scan.output.extend(body.output[1:])
        _drop_condition(scan, body.output[0].name)
        if _is_read(scan, going):
            true = copies.constant("going", np.asarray(True))
            for reader in every(scan.node):
                reader.input[:] = [true if name == going else name for name in reader.input]
            if _is_read(scan, going):  # a graph gives it out
                scan.node.insert(0, helper.make_node("Identity", [true], [going]))
        attrs = {"body": scan, "num_scan_inputs": 1}
        copies.build.node("Scan", [*node.input[2:], turns], list(node.output), attrs)


def _check(node: NodeProto, copies: UnrolledPasses) -> None:
    """Raise CannotUnroll where a Scan would not compute the same."""
    facts, body, scope = copies.book.facts, copies.body, copies.scope
    inside = branch_scope(scope, node, "body")
    limit, given = (*node.input[:2], "", "")[:2]
    if not limit:
        raise CannotUnroll("it has no trip count")
    start = copies.known(given)
    if given and (start is None or not start.all()):
        raise CannotUnroll(f"its condition `{given}` is not known" if start is None else "it makes no pass")
    if not _goes_on(body, inside, copies):
        raise CannotUnroll("its condition is computed in each iteration, and a Scan cannot end early")
    for name, info, end in zip(node.input[2:], body.input[2:], body.output[1:], strict=False):
        shapes = []
        for value in (facts.value(name, scope), facts.value(end.name, inside)):
            if value is None or not value.dtype:
                raise CannotUnroll(f"`{info.name}` is not a tensor")
            shapes.append(value.shape)
        if shapes[0] is None or None in shapes[0] or shapes[0] != shapes[1]:
            raise CannotUnroll(f"the shape of `{info.name}` may change from one iteration to the next")


def _goes_on(body: GraphProto, inside: tuple[str, ...], copies: UnrolledPasses) -> bool:
    """Whether the condition that a body returns is the one it was given, or always true."""
    makers = {name: node for node in body.node for name in node.output}
    name = body.output[0].name
    while name in makers and makers[name].op_type == "Identity":
        name = makers[name].input[0]
    value = copies.book.facts.value(name, inside)
    constant = None if value is None else value.constant
    return name == body.input[1].name or (constant is not None and bool(constant.all()))


def _turns(limit: str, copies: UnrolledPasses) -> str:
    """Return the numbers of the iterations as a vector."""
    known = copies.known(limit)
    if known is not None:
        return copies.constant("turns", np.arange(max(0, int(known.reshape(()))), dtype=np.int64))
    value = copies.book.facts.value(limit, copies.scope)
    if value is None or value.shape not in ((), (1,)):
        raise CannotUnroll(f"the trip count `{limit}` is not known to be one number")
    if value.shape == (1,) and copies.book.opset < 13:
        limit = copies.node("Squeeze", [limit], axes=[0])
    elif value.shape == (1,):
        limit = copies.node("Squeeze", [limit, copies.constant("axis", np.asarray([0], np.int64))])
    zero, one = (copies.constant(word, np.asarray(number, np.int64)) for word, number in (("first", 0), ("step", 1)))
    return copies.node("Range", [zero, limit, one])


def _drop_condition(scan: GraphProto, name: str) -> None:
    """Remove the nodes that computed the condition alone."""
    while not _is_read(scan, name):
        at = next((place for place, node in enumerate(scan.node) if list(node.output) == [name]), None)
        if at is None or not scan.node[at].input:
            return
        name = scan.node[at].input[0]
        del scan.node[at]


def _is_read(graph: GraphProto, name: str) -> bool:
    """Whether a graph gives a value out, or a node in it reads it, at any depth."""
    if any(output.name == name for output in graph.output):
        return True
    inner = [i.g for node in graph.node for i in node.attribute if i.type == AttributeProto.GRAPH]
    return any(name in node.input for node in graph.node) or any(_is_read(one, name) for one in inner)
