"""NonMaxSuppression(b, s, 100, 0.5) = NonMaxSuppression(b, s, [100], [0.5]): its limits are vectors of one element."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class VectorNmsLimits(BuiltRewrite):
    """Give a NonMaxSuppression its number of boxes and its thresholds as vectors of one element.

    Why: exporters write the limits as scalars or as vectors of one element, and onnxruntime takes both; some compilers
    expect vectors.
    """

    name = "vector-nms-limits"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("NonMaxSuppression"),)
    before = "y = NonMaxSuppression(boxes, scores, most, overlap)"
    after = """a = Reshape(most, one)
               b = Reshape(overlap, one)
               y = NonMaxSuppression(boxes, scores, a, b)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 6, 4] b, float[1, 2, 6] s) => (int64[K, 3] y)
               <int64 most = {3}, float overlap = {0.5}, float[1] least = {0.1}> {
                 y = NonMaxSuppression<center_point_box = 1>(b, s, most, overlap, least) }""",
            ops=("NonMaxSuppression",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[1, 6, 4] b, float[1, 1, 6] s, int64 most) => (int64[K, 3] y)
               <float[1] t = {0.5}> { y = NonMaxSuppression(b, s, most, t) }""",
            ops=("Reshape", "NonMaxSuppression"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 6, 4] b, float[1, 1, 6] s) => (int64[K, 3] y)
               <int64[1] most = {3}> { y = NonMaxSuppression(b, s, most) }""",
            because="none of its limits is a scalar",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        limits, changed = list(draft.inputs[2:]), False
        for place in range(len(limits)):
            if not limits[place] or draft.shape(place + 2) != ():
                continue
            known = draft.known(place + 2)
            changed = True
            limits[place] = draft.reshape(limits[place], [1]) if known is None else draft.constant(known.reshape(1), known.dtype)
        if not changed:
            return "none of its limits is a scalar"
        draft.give(draft.op("NonMaxSuppression", *draft.inputs[:2], *limits, **draft.node.attrs))
        return None
