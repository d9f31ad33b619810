"""Gelu(x) = x/2 (1 + erf(x/sqrt 2)) ~ x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""

from __future__ import annotations

import math
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class GeluToTanh(BuiltRewrite):
    """Replace the exact Gelu by its tanh form, with an error of at most 0.0005.

    Why: compilers that support neither Gelu nor the error function support tanh.
    """

    name = "gelu-to-tanh"
    safety = Safety.APPROXIMATE
    needs_opset = 20
    rtol = 1e-3
    atol = 1e-3
    dtypes = FLOATS
    fixes = (FixRule("Gelu"),)
    before = "y = Gelu(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 20]> g (float[N, 9] x) => (float[N, 9] y) { y = Gelu(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 20]> g (float[9] x) => (float[9] y) {
                 y = Gelu<approximate = "tanh">(x) }""",
            because="it is the tanh form already, which its definition writes out",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("approximate", "none") == "tanh":
            return "it is the tanh form already, which its definition writes out"
        x = draft.inputs[0]
        cubic = draft.op("Mul", draft.op("Mul", x, x), draft.number(0.044715))
        line = draft.op("Mul", x, draft.op("Add", cubic, draft.number(1)))
        bent = draft.op("Tanh", draft.op("Mul", line, draft.number(math.sqrt(2 / math.pi))))
        draft.give(draft.op("Mul", draft.op("Mul", x, draft.number(0.5)), draft.op("Add", bent, draft.number(1))))
        return None
