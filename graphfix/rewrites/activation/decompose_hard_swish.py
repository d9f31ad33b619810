"""HardSwish(x) = x * max(0, min(1, x/6 + 1/2)) = Mul(x, Clip(Add(Mul(x, 1/6), 1/2), 0, 1))."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Safety


class DecomposeHardSwish(NodeRewrite):
    """Write HardSwish as the product of its input and a clipped linear function.

    Why: the operator is recent (opset 14); those of its decomposition are supported everywhere. In float32 the two sides
    are equal bit for bit.
    """

    name = "decompose-hard-swish"
    safety = Safety.EXACT
    needs_opset = 14
    fixes = (FixRule("HardSwish"),)
    before = "y = HardSwish(x)"
    after = """scaled = Mul(x, sixth)
               line = Add(scaled, half)
               gate = Clip(line, zero, one)
               y = Mul(x, gate)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) { y = HardSwish(x) }""",
            ops=("Mul", "Add", "Clip", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (double[2, 3] x) => (double[2, 3] y) { y = HardSwish(x) }""",
            because="exact only in float32, `x` is float64",
        ),
    )

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        return surgery.float32_only(node)

    def constants(self, node: Any, surgery: GraphEditor) -> Mapping[str, np.ndarray[Any, Any]]:
        numbers = {"sixth": 1 / 6, "half": 0.5, "zero": 0.0, "one": 1.0}
        return {name: np.asarray(number, np.float32) for name, number in numbers.items()}
