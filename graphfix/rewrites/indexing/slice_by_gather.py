"""Slice<[4:0:-2]>(x) = Gather(x, [4, 2]): the indices that a slice of a fixed axis selects are constants."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class SliceByGather(BuiltRewrite):
    """Write a Slice with steps as one Gather with constant indices for each axis.

    Why: compilers support slices with step 1; fewer support negative steps or steps above 1. Gather has no such limit.
    """

    name = "slice-by-gather"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("Slice", kinds=("attribute", "operand", "wrong")),)
    before = "y = Slice(x, starts, ends, axes, steps)"
    after = "y = Gather(x, places)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 5] x) => (float[N, 2] y)
               <int64[1] s = {-1}, int64[1] e = {0}, int64[1] a = {1}, int64[1] t = {-2}> { y = Slice(x, s, e, a, t) }""",
            ops=("Gather",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, 5] x) => (float[4, 3] y)
               <int64[2] s = {9, 0}, int64[2] e = {-9, 9}, int64[2] a = {0, -1}, int64[2] t = {-1, 2}> {
                 y = Slice(x, s, e, a, t) }""",
            ops=("Gather", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (float[2] y)
               <int64[1] s = {1}, int64[1] e = {3}> { y = Slice(x, s, e) }""",
            because="it has steps of one",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N] x) => (float[N] y)
               <int64[1] s = {-1}, int64[1] e = {-99}, int64[1] a = {0}, int64[1] t = {-1}> { y = Slice(x, s, e, a, t) }""",
            because="dim 0 of `x` is not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        starts, ends, shape = draft.known(1), draft.known(2), draft.shape()
        axes = np.arange(starts.size) if starts is not None and not draft.has(3) else draft.known(3)
        steps = np.ones(starts.size, np.int64) if starts is not None and not draft.has(4) else draft.known(4)
        if starts is None or ends is None or axes is None or steps is None:
            return "its bounds are not known"
        if shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        if (steps == 1).all():
            return "it has steps of one"
        picks = {}
        for start, end, axis, step in zip(*(part.tolist() for part in (starts, ends, axes, steps)), strict=True):
            size = shape[axis]
            if not isinstance(size, int):
                return f"dim {axis % len(shape)} of `{draft.node.inputs[0].name}` is not fixed"
            low, high = (start, end) if step > 0 else (max(start, -size - 1), max(end, -size - 1))
            span = slice(low, None if step < 0 and high == -size - 1 else high, step)
            picks[axis % len(shape)] = np.arange(size, dtype=np.int64)[span]
        x = "in0"
        for axis, places in picks.items():
            x = draft.op("Gather", x, draft.constant(places), axis=axis)
        draft.give(x)
        return None
