"""ArgMax<select_last_index = 1>(x) = n - 1 - ArgMax(reversed x)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class LastToFirstIndex(BuiltRewrite):
    """Write ArgMax or ArgMin of the last index as that of the first index of the reversed operand.

    Why: compilers return the first of equal maxima and have no attribute for the last. The axis is reversed by a Gather,
    which needs its size.
    """

    name = "last-to-first-index"
    safety = Safety.EXACT
    needs_opset = 12
    differs_at = ("nan", "inf")
    ops = ("ArgMin",)
    fixes = (FixRule("ArgMax"), FixRule("ArgMin"))
    before = "y = ArgMax(x)"
    after = """backwards = Gather(x, indices)
               index = ArgMax(backwards)
               y = Sub(last, index)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int32[N, 9] x) => (int64[N] y) {
                 y = ArgMax<axis = -1, keepdims = 0, select_last_index = 1>(x) }""",
            ops=("Gather", "ArgMax", "Sub"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (int32[9, N] x) => (int64[1, N] y) {
                 y = ArgMin<select_last_index = 1>(x) }""",
            ops=("Gather", "ArgMin", "Sub"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (int64[1, 9] y) {
                 y = ArgMax<select_last_index = 1>(x) }""",
            because="dim 0 of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[9] x) => (int64[1] y) { y = ArgMax(x) }""",
            because="it selects the first index already",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, axis, name = draft.shape(), int(draft.attribute("axis", 0)), draft.node.inputs[0].name
        if not draft.attribute("select_last_index", 0):
            return "it selects the first index already"
        if not dims:
            return f"the rank of `{name}` is unknown"
        size = dims[axis]
        if not isinstance(size, int):
            return f"dim {axis % len(dims)} of `{name}` is not fixed"
        backwards = draft.op("Gather", draft.inputs[0], draft.constant(np.arange(size)[::-1]), axis=axis)
        index = draft.op(draft.node.op, backwards, axis=axis, keepdims=int(draft.attribute("keepdims", 1)))
        draft.give(draft.op("Sub", draft.constant(size - 1), index))
        return None
