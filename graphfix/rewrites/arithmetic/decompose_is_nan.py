"""IsNaN(x) = not (x = x), and IsInf(x) = |x| = inf, or x = inf, or x = -inf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeIsNan(NodeRewrite):
    """Write IsNaN and IsInf as comparisons.

    Why: exporters guard softmax and losses with them, and compilers for phones support neither. Only NaN is not equal
    to itself.
    """

    name = "decompose-is-nan"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = FLOATS
    ops = ("IsInf",)
    fixes = (FixRule("IsNaN"), FixRule("IsInf"))
    before = "y = IsNaN(x)"
    after = """same = Equal(x, x)
               y = Not(same)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (bool[N, 9] y) {
                 root = Sqrt(x)
                 y = IsNaN(root) }""",
            ops=("Sqrt", "Equal", "Not"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, 9] x) => (bool[4, 9] y) <float big = {1e38}> {
                 wide = Mul(x, big)
                 y = IsInf<detect_positive = 0>(wide) }""",
            ops=("Mul", "Equal"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float[4, 9] x) => (bool[4, 9] y) <float big = {1e38}> {
                 wide = Mul(x, big)
                 y = IsInf(wide) }""",
            ops=("Mul", "Abs", "Equal"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (bfloat16[3] x) => (bool[3] y) { y = IsNaN(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        positive = node.attrs.get("detect_positive", 1)
        return {"limit": float("inf") if positive else -float("inf"), "never": float("nan")}

    def replacement(self, node: Any, surgery: GraphEditor) -> str:
        if node.op == "IsNaN":
            return self.after
        positive, negative = node.attrs.get("detect_positive", 1), node.attrs.get("detect_negative", 1)
        if positive and negative:
            return "size = Abs(x) y = Equal(size, limit)"
        return "y = Equal(x, limit)" if positive or negative else "y = Equal(x, never)"
