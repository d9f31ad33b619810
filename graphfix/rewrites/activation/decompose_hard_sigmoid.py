"""HardSigmoid<a, b>(x) = max(0, min(1, a * x + b)) = Clip(Add(Mul(x, a), b), 0, 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Safety


class DecomposeHardSigmoid(NodeRewrite):
    """Write HardSigmoid as a clipped linear function.

    Why: mobile compilers always support Mul, Add and Clip, and rarely HardSigmoid. In float32 the two sides are
    equal bit for bit, NaN and infinities included.
    """

    name = "decompose-hard-sigmoid"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("HardSigmoid"),)
    before = "y = HardSigmoid(x)"
    after = """scaled = Mul(x, alpha)
               line = Add(scaled, beta)
               y = Clip(line, zero, one)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) { y = HardSigmoid(x) }""",
            ops=("Mul", "Add", "Clip"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[N] x) => (float[N] y) {
                 y = HardSigmoid<alpha = 0.16666667, beta = 0.5>(x) }""",
            ops=("Mul", "Add", "Clip"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float16[3] x) => (float16[3] y) { y = HardSigmoid(x) }""",
            because="exact only in float32, `x` is float16",
        ),
        Case(
            """<ir_version: 6, opset_import: ["" : 10]> g (float[3] x) => (float[3] y) { y = HardSigmoid(x) }""",
            because="needs opset 11, the model has 10",
        ),
    )

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        return surgery.float32_only(node)

    def constants(self, node: Any, surgery: GraphEditor) -> Mapping[str, np.ndarray[Any, Any]]:
        alpha, beta = node.attrs.get("alpha", 0.2), node.attrs.get("beta", 0.5)
        numbers = {"alpha": alpha, "beta": beta, "zero": 0.0, "one": 1.0}
        return {name: np.asarray(number, np.float32) for name, number in numbers.items()}
