"""Pad<[-1, 2]>(x) = Pad<[0, 2]>(Slice<[1:]>(x)): a pad below zero is a slice."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class CropBySlice(BuiltRewrite):
    """Write negative pads as a Slice, followed by a Pad for the positive ones.

    Why: ONNX allows negative pads, which crop; compilers support pads of zero and more.
    """

    name = "crop-by-slice"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("Pad", kinds=("attribute", "operand", "wrong")),)
    before = "y = Pad(x, pads)"
    after = """cut = Slice(x, starts, ends, axes)
               y = Pad(cut, rest)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 5] x) => (float[N, 4] y)
               <int64[4] p = {0, -2, 0, 1}, float v = {2}> { y = Pad(x, p, v) }""",
            ops=("Slice", "Pad"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[4, 5] x) => (float[2, 5] y)
               <int64[2] p = {-1, -1}, int64[1] a = {-2}> { y = Pad(x, p, , a) }""",
            ops=("Slice",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x) => (float[5] y) <int64[2] p = {1, 0}> { y = Pad(x, p) }""",
            because="it cuts nothing",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x, int64[2] p) => (float[N] y) { y = Pad(x, p) }""",
            because="its pads are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        pads, shape = draft.known(1), draft.shape()
        if pads is None or (draft.has(3) and draft.known(3) is None):
            return "its pads are not known"
        given = draft.known(3)
        if given is None and shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axes = np.arange(len(shape or ())) if given is None else given
        before, after = np.asarray(pads).reshape(2, -1)
        if (pads >= 0).all():
            return "it cuts nothing"
        cut = [place for place, pair in enumerate(zip(before, after, strict=True)) if min(pair) < 0]
        ends = [int(after[place]) if after[place] < 0 else 2**63 - 1 for place in cut]
        x = draft.op("Slice", "in0", starts=[max(0, -int(before[place])) for place in cut], ends=ends,
                     axes=[int(axes[place]) for place in cut])  # fmt: skip
        rest = np.maximum(np.concatenate([before, after]), 0)
        if rest.any():
            x = draft.op("Pad", x, draft.constant(rest, np.int64), *draft.inputs[2:], mode=draft.attribute("mode", "constant"))
        draft.give(x)
        return None
