"""HardSigmoid<a, b>(x) ~ sigmoid(5.66 * (a * x + b - 1/2)): the steepness 5.66 halves the worst error of the tangent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Safety

STEEPNESS = 5.66
"""Minimises max |clip(u + 1/2, 0, 1) - sigmoid(c * u)| over c; the maximum is then 0.056. The tangent, c = 4, has 0.119."""


class HardSigmoidToSigmoid(NodeRewrite):
    """Replace HardSigmoid by a smooth sigmoid, with an error of at most 0.056.

    Why: a last resort where even a clipped linear function is rejected, or where only the smooth form is accelerated.
    A model retrained with it keeps its accuracy; without retraining the accuracy may drop.
    """

    name = "hard-sigmoid-to-sigmoid"
    safety = Safety.APPROXIMATE
    needs_opset = 7
    fixes = (FixRule("HardSigmoid"),)
    atol = 0.06
    rtol = 0.06
    before = "y = HardSigmoid(x)"
    after = """scaled = Mul(x, slope)
               line = Add(scaled, offset)
               y = Sigmoid(line)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[2, 3] x) => (float[2, 3] y) { y = HardSigmoid(x) }""",
            ops=("Mul", "Add", "Sigmoid"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[3] x) => (float[3] y) { y = HardSigmoid<alpha = 0.0>(x) }""",
            because="alpha is 0.0: a constant, not a sigmoid",
        ),
    )

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        alpha = node.attrs.get("alpha", 0.2)
        if alpha <= 0:
            return Declined(f"alpha is {alpha}: a constant, not a sigmoid" if alpha == 0 else f"alpha is {alpha}: falling",
                            at=surgery.label(surgery.key(node)))  # fmt: skip
        return surgery.float32_only(node)

    def constants(self, node: Any, surgery: GraphEditor) -> Mapping[str, np.ndarray[Any, Any]]:
        alpha, beta = node.attrs.get("alpha", 0.2), node.attrs.get("beta", 0.5)
        return {
            "slope": np.asarray(STEEPNESS * alpha, np.float32),
            "offset": np.asarray(STEEPNESS * (beta - 0.5), np.float32),
        }
