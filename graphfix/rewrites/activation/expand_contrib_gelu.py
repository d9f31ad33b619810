"""com.microsoft's Gelu(x) = x/2 (1 + erf(x/sqrt 2)); FastGelu has tanh(sqrt(2/pi) (x + 0.044715 x^3)) for erf.

BiasGelu and FastGelu add a bias to x first; QuickGelu<a>(x) = x * sigmoid(a x).
"""

from __future__ import annotations

import math
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class ExpandContribGelu(BuiltRewrite):
    """Write onnxruntime's four Gelus in the operators that they were fused from.

    Why: a model optimised by onnxruntime contains operators that only onnxruntime supports.
    """

    name = "expand-contrib-gelu"
    safety = Safety.EXACT
    needs_opset = 9
    ulps = 32
    dtypes = FLOATS
    ops = ("FastGelu", "BiasGelu", "QuickGelu")
    fixes = (FixRule("Gelu"), FixRule("FastGelu"), FixRule("BiasGelu"), FixRule("QuickGelu"))
    before = "y = com.microsoft.Gelu(x)"
    after = """scaled = Mul(x, scale)
               bent = Erf(scaled)
               sum = Add(bent, one)
               half = Mul(x, half)
               y = Mul(half, sum)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (float[N, 4] x) => (float[N, 4] y)
               <float[4] b = {{1, -1, 0.5, 2}}> {{ y = com.microsoft.{call} }}""",
            ops=ops,
        )
        for call, ops in (
            ("Gelu(x)", ("Mul", "Mul", "Erf", "Add", "Mul")),
            ("BiasGelu(x, b)", ("Add", "Mul", "Mul", "Erf", "Add", "Mul")),
            ("FastGelu(x, b)", ("*",)),
            ("FastGelu(x)", ("*",)),
            ("QuickGelu<alpha = 2.0>(x)", ("Mul", "Sigmoid", "Mul")),
        )
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]> g (float[3] x) => (float[3] y) { y = Gelu(x) }""",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        x = draft.op("Add", *draft.inputs[:2]) if draft.has(1) else draft.inputs[0]
        if draft.node.op == "QuickGelu":
            gate = draft.op("Sigmoid", draft.op("Mul", x, draft.number(draft.attribute("alpha", 1.702))))
            draft.give(draft.op("Mul", x, gate))
            return None
        if draft.node.op == "FastGelu":
            cube = draft.op("Mul", draft.op("Mul", x, x), x)
            line = draft.op("Add", x, draft.op("Mul", cube, draft.number(0.044715)))
            bent = draft.op("Tanh", draft.op("Mul", line, draft.number(math.sqrt(2 / math.pi))))
        else:
            bent = draft.op("Erf", draft.op("Mul", x, draft.number(math.sqrt(0.5))))
        gate = draft.op("Add", bent, draft.number(1))
        draft.give(draft.op("Mul", draft.op("Mul", x, draft.number(0.5)), gate))
        return None
