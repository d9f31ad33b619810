"""GroupNormalization<g>(x, s, b) = (x - m) / sqrt(v + e) * s + b, m and v over each of g groups of channels."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.normalization.moments import Standardization
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeGroupNormalization(BuiltRewrite):
    """Write GroupNormalization as a reshape to groups, means, a square root and products.

    Why: the operator is recent, and its function body in ONNX computes shapes. Scale and bias have one value per group
    before opset 21, one per channel from opset 21.
    """

    name = "decompose-group-normalization"
    safety = Safety.EXACT
    needs_opset = 18
    ulps = 64
    dtypes = FLOATS
    fixes = (FixRule("GroupNormalization"),)
    before = "y = GroupNormalization(x, scale, bias)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 21]> g (float[N, 4, 3, 2] x) => (float[N, 4, 3, 2] y)
               <float[4] s = {1, 2, -0.5, 1}, float[4] b = {0, 1, -1, 2}> {
                 y = GroupNormalization<num_groups = 2, epsilon = 0.5>(x, s, b) }""",
            ops=(
                "Reshape",
                "ReduceMean",
                "Sub",
                "Mul",
                "ReduceMean",
                "Add",
                "Sqrt",
                "Reciprocal",
                "Mul",
                "Reshape",
                "Mul",
                "Add",
            ),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 4, 5] x, float[2] s, float[2] b) => (float[2, 4, 5] y) {
                 y = GroupNormalization<num_groups = 2>(x, s, b) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 21]> g (float[] x, float[4] s, float[4] b) => (float[] y) {
                 y = GroupNormalization<num_groups = 2>(x, s, b) }""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, given, groups = draft.shape(), draft.dtype(), int(draft.attribute("num_groups"))
        if not dims:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        modern = draft.surgery.opset >= 21
        dtype = "float32" if draft.attribute("stash_type", 1) == 1 and modern else given
        x = draft.inputs[0] if dtype == given else draft.cast(draft.inputs[0], dtype)
        grouped = draft.reshape(x, [0, groups, -1])
        normal = Standardization([2], draft.attribute("epsilon", 1e-5), dtype).draw(draft, grouped)
        value = normal.value if dtype == given else draft.cast(normal.value, given)
        if not modern:  # one a group
            scale, bias = (draft.column(index, 1) for index in (1, 2))
            draft.give(draft.shaped_like(draft.op("Add", draft.op("Mul", value, scale), bias)))
            return None
        scale, bias = (draft.column(index, len(dims) - 2) for index in (1, 2))
        draft.give(draft.op("Add", draft.op("Mul", draft.shaped_like(value), scale), bias))
        return None
