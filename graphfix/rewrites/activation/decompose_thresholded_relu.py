"""ThresholdedRelu<a>(x) = x where x > a, else 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeThresholdedRelu(NodeRewrite):
    """Write ThresholdedRelu as a Where between its operand and zero.

    Why: few compilers support the operator, all support Greater and Where. A product with the comparison would turn an
    infinity below the threshold into NaN.
    """

    name = "decompose-thresholded-relu"
    safety = Safety.EXACT
    needs_opset = 10
    dtypes = FLOATS
    fixes = (FixRule("ThresholdedRelu"),)
    before = "y = ThresholdedRelu(x)"
    after = """above = Greater(x, alpha)
               y = Where(above, x, zero)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 10]> g (float[N, 9] x) => (float[N, 9] y) { y = ThresholdedRelu(x) }""",
            ops=("Greater", "Where"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (float[4, 9] x) => (float[4, 9] y) {
                 y = ThresholdedRelu<alpha = -0.25>(x) }""",
            ops=("Greater", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (bfloat16[3] x) => (bfloat16[3] y) { y = ThresholdedRelu(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        return {"alpha": node.attrs.get("alpha", 1.0), "zero": 0.0}
