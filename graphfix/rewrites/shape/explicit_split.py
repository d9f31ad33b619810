"""Split<num_outputs = 3>(x) of ten = Split(x, [4, 4, 2]): the last part is smaller where the parts do not divide the axis."""

from __future__ import annotations

from typing import ClassVar

from onnx import helper

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ExplicitSplit(BuiltRewrite):
    """Write a Split into a number of parts with the length of each part.

    Why: since opset 18 the parts need not have equal lengths; some compilers know a number of parts only where it divides
    the axis. A Split into one part is the value itself.
    """

    name = "explicit-split"
    safety = Safety.EXACT
    needs_opset = 2
    fixes = (FixRule("Split"),)
    before = "y, z = Split<num_outputs = 2, axis = 1>(x)"
    after = "y, z = Split<axis = 1>(x, lengths)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 10] x) => (float[N, 4] a, float[N, 4] b, float[N, 2] c) {
                 a, b, c = Split<axis = -1, num_outputs = 3>(x) }""",
            ops=("Split",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 6] x) => (float[N, 3] a, float[N, 3] b) {
                 a, b = Split<axis = 1>(x) }""",
            ops=("Split",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[3, N] x) => (float[3, N] y) {
                 h = Neg(x)
                 a = Split<axis = 1, num_outputs = 1>(h)
                 y = Exp(a) }""",
            ops=("Neg", "Identity", "Exp"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, N] x) => (float[2, A] a, float[2, B] b, float[2, C] c) {
                 a, b, c = Split<axis = 1, num_outputs = 3>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[5] x) => (float[2] a, float[3] b) <int64[2] s = {2, 3}> {
                 a, b = Split(x, s) }""",
            because="the lengths of its parts are given already",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[] x) => (float[] a, float[] b) {
                 a, b = Split<num_outputs = 2>(x) }""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        count, shape = len(draft.node.outputs), draft.shape()
        if count == 1:
            draft.give("in0")
            return None
        if draft.has(1) or draft.attribute("split") is not None:
            return "the lengths of its parts are given already"
        if shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axis = draft.attribute("axis", 0) % len(shape)
        size = shape[axis]
        parts = [f"part_{i}" for i in range(count)]
        if isinstance(size, int):
            step = -(-size // count)
            lengths = [max(0, min(step, size - step * i)) for i in range(count)]
            draft.nodes.append(helper.make_node("Split", ["in0"], parts, axis=axis, split=lengths))
        else:
            self._slices(draft, axis, count, parts)
        for index, part in enumerate(parts):
            draft.give(part, index)
        return None

    def _slices(self, draft: ReplacementBuilder, axis: int, count: int, parts: list[str]) -> None:
        """Slice the parts of an axis whose length is known only at run time; a Slice ends where the axis ends."""
        size = draft.op("Slice", draft.op("Shape", "in0"), starts=[axis], ends=[axis + 1], axes=[0])
        up = draft.op("Add", size, draft.constant([count - 1]))
        step, along = draft.op("Div", up, draft.constant([count])), draft.constant([axis])
        bounds = [draft.op("Mul", step, draft.constant([i])) for i in range(count + 1)]
        for start, end, part in zip(bounds, bounds[1:], parts, strict=False):
            draft.nodes.append(helper.make_node("Slice", ["in0", start, end, along], [part]))
