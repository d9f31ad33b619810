"""Softplus(x) = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)): the second form never overflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeSoftplus(NodeRewrite):
    """Write Softplus as a Relu and a logarithm that does not overflow.

    Why: some compilers reject Softplus, and its definition log(1 + exp(x)) is infinite from x = 89 on in float32, and
    from x = 11 on in float16.
    """

    name = "decompose-softplus"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 16
    dtypes = FLOATS
    fixes = (FixRule("Softplus"),)
    before = "y = Softplus(x)"
    after = """up = Relu(x)
               size = Abs(x)
               minus = Neg(size)
               power = Exp(minus)
               sum = Add(power, one)
               curve = Log(sum)
               y = Add(up, curve)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (float[N, 9] y) { y = Softplus(x) }""",
            ops=("Relu", "Abs", "Neg", "Exp", "Add", "Log", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[9] x) => (float[9] y) <float[1] k = {300}> {
                 h = Mul(x, k)
                 y = Softplus(h) }""",
            ops=("Mul", "Relu", "Abs", "Neg", "Exp", "Add", "Log", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (bfloat16[3] x) => (bfloat16[3] y) { y = Softplus(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        return {"one": 1.0}
