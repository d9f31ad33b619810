"""Round(x) = floor(x) + [x - floor(x) > 1/2, or = 1/2 and floor(x) odd]: halves go to the even neighbour."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeRound(BuiltRewrite):
    """Write Round as a floor plus a correction of 0 or 1.

    Why: some compilers lack Round, and floor(x + 1/2) is no substitute: it rounds halves up, and 0.49999997 to 1.
    """

    name = "decompose-round"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = FLOATS
    fixes = (FixRule("Round"),)
    before = "y = Round(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (float[N, 9] y) <float half = {0.5}> {
                 h = Mul(x, half)
                 y = Round(h) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (bfloat16[3] x) => (bfloat16[3] y) { y = Round(x) }""",
            because="`x` is bfloat16, not float16 or float32 or float64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        x, half = draft.inputs[0], draft.number(0.5)
        floor = draft.op("Floor", x)
        rest = draft.op("Sub", x, floor)
        middle = draft.op("Mul", floor, half)
        odd = draft.op("Sub", middle, draft.op("Floor", middle))  # 0 where the floor is even, 1/2 where it is odd
        tie = draft.op("And", draft.op("Equal", rest, half), draft.op("Equal", odd, half))
        up = draft.op("Or", draft.op("Greater", rest, half), tie)
        draft.give(draft.op("Add", floor, draft.cast(up, draft.dtype())))
        return None
