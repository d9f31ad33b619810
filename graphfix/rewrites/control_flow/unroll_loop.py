"""Loop<body>(3, true, s) = body(2, body(1, body(0, s))): a loop with a known number of iterations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import Array
from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, LoopRewrite, UnrolledPasses, stack
from graphfix.rewrites.control_flow.masked_steps import MaskedSteps
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class UnrollLoop(LoopRewrite):
    """Unroll a Loop whose trip count and condition follow from constants, up to 2000 nodes.

    Why: few compilers support Loop, and exporters write one for every `for` over a list or a range. A condition that
    depends on the iteration number is folded, so a loop that breaks early ends at the same iteration. Where the condition
    depends on data, every iteration up to the trip count is computed, and Where keeps the values from before it failed;
    without a small trip count, up to the iteration at which a part of the condition, a counter, surely ends the loop.
    """

    name = "unroll-loop"
    safety = Safety.EXACT
    fixes = (FixRule("Loop"),)
    operator = "Loop"
    before = """y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                  d = Identity(c)  t = Add(s, s) }>"""
    after = """s = Add(x, x)
               y = Add(s, s)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y, float[3, 2] z) <int64 n = {3}> {
                 y, z = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t, float[2] u) {
                   d = Identity(c)
                   f = Cast<to = 1>(i)
                   t = Add(s, f)
                   u = Neg(t) }> }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[N] y) <bool yes = {1}, int64 last = {2}> {
                 y = Loop ( , yes, x) <body = b (int64 i, bool c, float[N] s) => (bool d, float[N] t)
                   <int64 one = {1}> {
                     j = Add(i, one)
                     d = Less(j, last)
                     t = If (d) <
                       then_branch = p () => (float[N] a) { h = Abs(s)  a = Exp(h) },
                       else_branch = q () => (float[N] b) { b = Neg(s) }> }> }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2] x) => (float[2] y) <int64 n = {2}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   d = Identity(c)
                   t = Loop (n, c, s) <body = bb (int64 k, bool e, float[2] r) => (bool f, float[2] w) {
                     f = Identity(e)
                     w = Add(r, x) }> }> }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, bool first) => (float[2] y, int64 k)
               <int64 n = {4}, int64 zero = {0}, int64 one = {1}, float most = {2.5}> {
                 y, k = Loop (n, first, x, zero) <
                   body = b (int64 i, bool c, float[2] s, int64 j) => (bool d, float[2] t, int64 l) {
                   t = Add(s, s)  m = ReduceMax<keepdims = 0>(t)  d = Less(m, most)  l = Add(j, one) }> }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y)
               <int64 last = {3}, float most = {2.5}, bool yes = {1}, float tenth = {0.1}> {
                 y = Loop ( , yes, x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   t = Add(s, tenth)  m = ReduceMax<keepdims = 0>(t)  e = Less(m, most)
                   f = Less(i, last)  d = And(e, f) }> }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, int64 n) => (float[2] y) {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   d = Identity(c)  t = Neg(s) }> }""",
            because="the trip count `n` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y) <int64 n = {900}, float most = {7}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float s) => (bool d, float t) {
                   t = Add(s, s)  d = Less(t, most) }> }""",
            because="its condition is computed at run time, and its trip count is over 64",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float x) => (float y, float[K] z) <int64 n = {4}, float most = {7}> {
                 y, z = Loop (n, , x) <body = b (int64 i, bool c, float s) => (bool d, float t, float u) {
                   t = Add(s, s)  u = Neg(s)  d = Less(t, most) }> }""",
            because="its condition is computed at run time, and the length of `z` depends on it",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float x, float[8] w) => (float y) <int64 n = {4}, float most = {7}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float s) => (bool d, float t) {
                   k = Cast<to = 7>(s)  v = Gather(w, k)  t = Add(s, v)  d = Less(t, most) }> }""",
            because="its condition is computed at run time, and Gather could fail in an iteration after the last",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) <int64 n = {5000}> {
                 y = Loop (n, , x) <body = b (int64 i, bool c, float[2] s) => (bool d, float[2] t) {
                   d = Identity(c)  t = Neg(s) }> }""",
            because="more than 2000 nodes would be written out",
        ),
    )

    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Copy the body until the trip count is reached or the condition fails."""
        limit, given = (*node.input[:2], "", "")[:2]
        most = copies.known(limit)
        if limit and (most is None or most.size != 1):
            raise CannotUnroll(f"the trip count `{limit}` is not known")
        count = None if most is None else int(most.reshape(()))
        going = copies.known(given)
        steps = MaskedSteps(copies, node, count)
        if given and (going is None or going.size != 1):
            steps.stop_where_not(given)
        carried, scanned = list(node.input[2:]), len(copies.body.output) - len(copies.body.input) + 1
        rows: list[list[str]] = [[] for _ in range(scanned)]
        taken = carried
        for turn in _turns(count, copies):
            if going is not None and not bool(going.reshape(())):
                break
            names = [info.name for info in copies.body.input]
            now = {
                names[0]: _as_declared(copies, 0, np.asarray(turn, np.int64)),
                names[1]: _as_declared(copies, 1, np.asarray(True)),
            }
            ends = steps.step({**dict(zip(names[2:], taken, strict=True)), **now})
            going = steps.going(ends[0])
            made = ends[1 : 1 + len(carried)]
            carried = steps.kept(carried, made)
            # After the loop's end nothing is kept, so that a counter may count on.
            taken = [new if copies.known(new) is not None else old for new, old in zip(made, carried, strict=True)]
            if going is None or going.size != 1:
                going = None
                steps.stop_where_not(ends[0])
            for row, result in zip(rows, ends[1 + len(carried) :], strict=True):
                row.append(result)
        results = dict(zip(node.output, carried, strict=False))
        for output, row in zip(node.output[len(carried) :], rows, strict=False):
            if output:
                results[output] = stack(copies, row, 0)
        copies.bind({output: result for output, result in results.items() if output})


def _as_declared(copies: UnrolledPasses, place: int, value: Array) -> Array:
    """Return the iteration number, or the condition, as a vector of one element where the body declares it so."""
    declared = copies.body.input[place].type.tensor_type
    return value.reshape(1) if declared.HasField("shape") and len(declared.shape.dim) == 1 else value


def _turns(most: int | None, copies: UnrolledPasses) -> Iterator[int]:
    """Yield the iteration numbers; bounded, because a body without nodes would never reach the node limit."""
    turn = 0
    while most is None or turn < most:
        if turn > 100_000:
            raise CannotUnroll("it does not end within 100000 passes")
        yield turn
        turn += 1
