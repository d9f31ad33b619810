"""Softsign(x) = x / (1 + |x|)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeSoftsign(NodeRewrite):
    """Write Softsign as a quotient.

    Why: few compilers support the operator, all support Abs, Add and Div; ONNX defines it as a function only from opset
    18 on, and most models that use it are older.
    """

    name = "decompose-softsign"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 16
    dtypes = FLOATS
    fixes = (FixRule("Softsign"),)
    before = "y = Softsign(x)"
    after = """size = Abs(x)
               below = Add(size, one)
               y = Div(x, below)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[N, 3] x) => (float[N, 3] y) { y = Softsign(x) }""",
            ops=("Abs", "Add", "Div"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (bfloat16[3] x) => (bfloat16[3] y) { y = Softsign(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        return {"one": 1.0}
