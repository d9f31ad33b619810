"""ReverseSequence(x, n)[t, b] = x[n_b - 1 - t, b] for t < n_b, else x[t, b]: a Gather over steps and batch as one axis."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ReverseSequenceByGather(BuiltRewrite):
    """Write ReverseSequence as a Gather of each sequence's steps in reverse order.

    Why: many compilers do not support ReverseSequence, or not with lengths that are computed at run time. The indices of
    the steps are computed from the lengths by a comparison and a subtraction.
    """

    name = "reverse-sequence-by-gather"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("ReverseSequence"),)
    before = "y = ReverseSequence(x, lengths)"
    after = """flat = Reshape(x, dims)
               turned = Gather(flat, places)
               y = Reshape(turned, shape)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, 3, 2] x) => (float[4, 3, 2] y) <int64[3] n = {1, 3, 4}> {
                 y = ReverseSequence(x, n) }""",
            ops=("Reshape", "Gather", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 5] x, int64[2] n) => (float[2, 5] y)
               <int64 one = {1}> {
                 m = Add(n, one)
                 y = ReverseSequence<batch_axis = 0, time_axis = 1>(x, m) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[T, 3] x, int64[3] n) => (float[T, 3] y) {
                 y = ReverseSequence(x, n) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape = draft.fixed()
        if shape is None:
            return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
        time = draft.attribute("time_axis", 0)
        steps, step = np.indices(shape[:2]).astype(np.int64)[[time, 1 - time]]
        strides = np.asarray([shape[1], 1], np.int64)[[time, 1 - time]]
        known = draft.known(1)
        if known is not None:
            lengths = known.astype(np.int64).reshape([1, -1] if time == 0 else [-1, 1])
            turned = np.where(steps < lengths, lengths - 1 - steps, steps)
            places = draft.constant((turned * strides[0] + step * strides[1]).reshape(-1))
        else:
            lengths_ = draft.reshape("in1", [1, -1] if time == 0 else [-1, 1])
            numbers = draft.constant(steps)
            turned_ = draft.op("Sub", draft.op("Sub", lengths_, draft.constant(1)), numbers)
            chosen = draft.op("Where", draft.op("Less", numbers, lengths_), turned_, numbers)
            along = draft.op("Mul", chosen, draft.constant(strides[0]))
            places = draft.reshape(draft.op("Add", along, draft.constant(step * strides[1])), [-1])
        flat = draft.reshape("in0", [shape[0] * shape[1], *shape[2:]])
        draft.give(draft.reshape(draft.op("Gather", flat, places, axis=0), shape))
        return None
