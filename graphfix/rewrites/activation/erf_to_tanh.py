"""Erf(x) ~ tanh(2/sqrt(pi) * (x + 0.0894 x^3)): the curve behind the tanh form of Gelu."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class ErfToTanh(NodeRewrite):
    """Replace the error function by a tanh of a cubic polynomial, with an error of at most 0.0004.

    Why: every accelerator supports tanh, and most lack the error function in some dtype. Applied to x/2 (1 + erf(x/sqrt 2)),
    as exporters decompose Gelu, it gives the tanh form of Gelu with which many networks were trained.
    """

    name = "erf-to-tanh"
    safety = Safety.APPROXIMATE
    needs_opset = 7
    rtol = 1e-3
    atol = 1e-3
    dtypes = FLOATS
    fixes = (FixRule("Erf"),)
    before = "y = Erf(x)"
    after = """square = Mul(x, x)
               bend = Mul(square, cubic)
               lift = Add(bend, one)
               curve = Mul(x, lift)
               line = Mul(curve, slope)
               y = Tanh(line)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (float[N, 9] y) { y = Erf(x) }""",
            ops=("Mul", "Mul", "Add", "Mul", "Mul", "Tanh"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int32[3] x) => (int32[3] y) { y = Erf(x) }""",
            because="`x` is int32, not float16 or float32 or float64",
        ),
    )

    def numbers(self, node: Any, surgery: GraphEditor) -> Mapping[str, float]:
        return {"cubic": 2 * 0.044715, "one": 1.0, "slope": 2 / math.sqrt(math.pi)}
