"""Shrink<b, l>(x) = x + b where x < -l, x - b where x > l, else 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeShrink(NodeRewrite):
    """Write Shrink, soft or hard, as two comparisons and two Where.

    Why: few compilers support Shrink, all support Where and the comparisons.
    """

    name = "decompose-shrink"
    safety = Safety.EXACT
    needs_opset = 9
    dtypes = FLOATS
    fixes = (FixRule("Shrink"),)
    before = "y = Shrink(x)"
    after = """below = Less(x, floor)
               above = Greater(x, ceiling)
               raised = Add(x, bias)
               lowered = Sub(x, bias)
               upper = Where(above, lowered, zero)
               y = Where(below, raised, upper)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[N, 9] x) => (float[N, 9] y) {
                 y = Shrink<bias = 0.25, lambd = 0.25>(x) }""",
            ops=("Less", "Greater", "Add", "Sub", "Where", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (int32[3] x) => (int32[3] y) { y = Shrink(x) }""",
            because="`x` is int32, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        limit, bias = node.attrs.get("lambd", 0.5), node.attrs.get("bias", 0.0)
        return {"floor": -limit, "ceiling": limit, "bias": bias, "zero": 0.0}
