"""Expand(x: [N, 1, 4], [N, 3, 4]) = Expand(x, [1, 3, 1]): a 1 in the target keeps the dim that is there."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer


class ExpandByOnes(BuiltRewrite):
    """Write an Expand whose computed target only repeats the dims of what it expands as one to constants.

    Why: compilers want the target of an Expand as a constant. What is computed in it is often the batch, which the
    operand has already. An Expand that stretches nothing becomes an Identity.
    """

    name = "expand-by-ones"
    safety = Safety.EXACT
    needs_opset = 8
    fixes = (
        FixRule("Expand"),
        *(FixRule(op, kinds=("operand", "form", "operator", "dtype")) for op in ("ConstantOfShape", "Equal", "Where", "Shape")),
    )
    before = "y = Expand(x, s)"
    after = "y = Expand(x, [1, 3, 1])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 1, 4] x) => (float[A, B, C] y)
               <int64[1] i0 = {0}, int64[2] rest = {3, 4}> {
                 s = Shape(x)
                 n = Gather(s, i0)
                 t = Concat<axis = 0>(n, rest)
                 y = Expand(x, t) }""",
            ops=("Expand",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[A, B] y) {
                 s = Shape(x)
                 h = Expand(x, s)
                 y = Relu(h) }""",
            ops=("Identity", "Relu"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x, float[N, 4] z) => (float[A, B] y) {
                 s = Shape(z)
                 y = Expand(x, s) }""",
            because="dim 0 of its target, N, is neither a number nor a dim of `x`",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x, int64[2] s) => (float[A, B] y) { y = Expand(x, s) }""",
            because="its target is computed from values, not from dims alone",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x) => (float[2, 4] y) <int64[2] s = {2, 4}> {
                 y = Expand(x, s) }"""),
    )  # fmt: skip

    def draw(self, draft: ReplacementBuilder) -> str | None:
        tracer = Tracer(draft.surgery)
        target, dims = tracer.elements(draft.node.inputs[1]), tracer.shape(draft.node.inputs[0])
        if target is None:
            return "its target is computed from values, not from dims alone"
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        made = []
        for place, size in enumerate(target):
            at = place - (len(target) - len(dims))
            if at >= 0 and (size == dims[at] or size.number == 1):
                made.append(1)
            elif size.number is not None:
                made.append(size.number)
            else:
                return f"dim {place} of its target, {size}, is neither a number nor a dim of `{draft.node.inputs[0].name}`"
        if len(dims) >= len(target) and all(size == 1 for size in made):
            draft.give("x")
        elif draft.known(1) is not None:
            return ""
        else:
            draft.give(draft.op("Expand", "x", draft.constant(np.asarray(made, np.int64))))
        return None
