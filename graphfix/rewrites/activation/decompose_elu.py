"""Elu<a>(x) = max(x, 0) + a * (exp(min(x, 0)) - 1); Selu<a, g> = g * Elu<a>(x); Celu<a> has exp(min(x, 0) / a)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, Declined, FixRule, Safety

SELU = 1.67326319217681884765625, 1.05070102214813232421875
"""The defaults of alpha and gamma from opset 6 on."""


class DecomposeElu(NodeRewrite):
    """Write Elu, Selu and Celu as a Relu and an exponential of the negative part.

    Why: Relu, Exp, Mul and Add are supported everywhere, the exponential units are not, and some compilers ignore alpha.
    The argument of the exponential is never positive, so it does not overflow.
    """

    name = "decompose-elu"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 16
    ops = ("Selu", "Celu")
    dtypes = FLOATS
    fixes = (FixRule("Elu"), FixRule("Selu"), FixRule("Celu"))
    before = "y = Elu(x)"
    after = """up = Relu(x)
               minus = Neg(x)
               size = Relu(minus)
               down = Neg(size)
               power = Exp(down)
               curve = Sub(power, one)
               below = Mul(curve, alpha)
               y = Add(up, below)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9] x) => (float[2, 9] y) { y = Elu<alpha = 0.5>(x) }""",
            ops=("Relu", "Neg", "Relu", "Neg", "Exp", "Sub", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (float[N, 9] x) => (float[N, 9] y) { y = Celu<alpha = 2.0>(x) }""",
            ops=("Relu", "Neg", "Relu", "Neg", "Div", "Exp", "Sub", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[2, 9] x) => (float[2, 9] y) { y = Selu(x) }""",
            ops=("Relu", "Neg", "Relu", "Neg", "Exp", "Sub", "Mul", "Add", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bfloat16[3] x) => (bfloat16[3] y) { y = Elu(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Celu<alpha = 0.0>(x) }""",
            because="alpha is 0: Celu divides by it",
        ),
    )

    def guard(self, node: Any, surgery: GraphEditor) -> Declined | None:
        if node.op == "Celu" and node.attrs.get("alpha", 1.0) == 0:
            return Declined("alpha is 0: Celu divides by it", at=surgery.label(surgery.key(node)))
        return None

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        alpha, gamma = SELU if node.op == "Selu" else (1.0, 1.0)
        return {"one": 1.0, "alpha": node.attrs.get("alpha", alpha), "gamma": node.attrs.get("gamma", gamma)}

    def replacement(self, node: Any, surgery: GraphEditor) -> str:
        if node.op == "Celu":
            return self.after.replace("Exp(down)", "Exp(ratio)").replace("power =", "ratio = Div(down, alpha) power =")
        if node.op == "Selu":
            return self.after.replace("y =", "unit =") + " y = Mul(unit, gamma)"
        return self.after
