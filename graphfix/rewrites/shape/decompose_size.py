"""Size(x) = the product of x's dims, by which one is free: ReduceProd(Shape(x))."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeSize(BuiltRewrite):
    """Write Size as a number where the dims are fixed, else as the product of Shape.

    Why: Shape and ReduceProd are known where Size is not, and a number is known everywhere.
    """

    name = "decompose-size"
    safety = Safety.EXACT
    needs_opset = 7
    fixes = (FixRule("Size"),)
    before = "y = Size(x)"
    after = """dims = Shape(x)
               y = ReduceProd<axes = [0], keepdims = 0>(dims)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (int64 y) { y = Size(x) }""",
            ops=("Shape", "ReduceProd"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3] x) => (float[2, 3] y) {
                 n = Size(x)
                 count = Cast<to = 1>(n)
                 y = Div(x, count) }""",
            ops=("Constant", "Cast", "Div"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (int64[2] y) { y = Shape(x) }"""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.fixed()
        if dims is None:
            draft.give(draft.op("ReduceProd", draft.op("Shape", draft.inputs[0]), axes=[0], keepdims=0))
        else:
            draft.fold(prod(dims))
        return None
