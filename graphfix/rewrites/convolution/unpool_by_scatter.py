"""MaxUnpool(x, i) = ScatterElements(zeros, i, x) over the flat output."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class UnpoolByScatter(BuiltRewrite):
    """Write MaxUnpool as a ScatterElements into zeros of the output's size.

    Why: most compilers do not support MaxUnpool; those that support scattering support this form.
    """

    name = "unpool-by-scatter"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("MaxUnpool"),)
    before = "y = MaxUnpool<kernel_shape = [2, 2], strides = [2, 2]>(x, i)"
    after = """flat = ScatterElements(zeros, places, values)
               y = Reshape(flat, shape)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, 4, 4] x) => (float[1, 2, 4, 4] y) {
                 m, i = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)
                 y = MaxUnpool<kernel_shape = [2, 2], strides = [2, 2]>(m, i) }""",
            ops=("MaxPool", "Reshape", "Reshape", "ScatterElements", "Reshape"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 2] x, int64[N, 1, 2] i) => (float[N, 1, 4] y) {
                 y = MaxUnpool<kernel_shape = [2], strides = [2]>(x, i) }""",
            because="the dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 1, 2] x, int64[1, 1, 2] i, int64[3] s) => (float[A, B, C] y) {
                 y = MaxUnpool<kernel_shape = [2], strides = [2]>(x, i, s) }""",
            because="the size of its output is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, asked = draft.fixed(), draft.known(2)
        if shape is None:
            return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
        if draft.has(2) and asked is None:
            return "the size of its output is not known"
        count = len(shape) - 2
        if asked is not None:
            if asked.size != count + 2:
                return "the size of its output has another rank"
            out = [int(dim) for dim in asked]
        else:
            kernel, strides = draft.attribute("kernel_shape"), draft.attribute("strides") or [1] * count
            pads = draft.attribute("pads") or [0] * 2 * count
            spatial = [(n - 1) * s + k - pads[i] - pads[i + count]
                       for i, (n, s, k) in enumerate(zip(shape[2:], strides, kernel, strict=True))]  # fmt: skip
            out = [*shape[:2], *spatial]
        zeros = draft.number(np.zeros(int(np.prod(out))))
        flat = draft.op("ScatterElements", zeros, draft.reshape("in1", [-1]), draft.reshape("in0", [-1]), axis=0)
        draft.give(draft.reshape(flat, out))
        return None
