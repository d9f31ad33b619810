"""Sign(x) = [x > 0] - [x < 0]."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

NARROW = ("int8", "int16")


class DecomposeSign(BuiltRewrite):
    """Write Sign as the difference of two comparisons, computed in int32 for narrow integers.

    Why: some compilers support Sign for float32 only, and have wrong numerics for narrow integers.
    """

    name = "decompose-sign"
    safety = Safety.EXACT
    needs_opset = 9
    differs_at = ("nan",)
    dtypes = (*FLOATS, *NARROW, "int32", "int64")
    fixes = (FixRule("Sign"),)
    before = "y = Sign(x)"
    after = """above = Greater(x, zero)
               below = Less(x, zero)
               plus = Cast<to = 1>(above)
               minus = Cast<to = 1>(below)
               y = Sub(plus, minus)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x) => (float[N, 9] y) { y = Sign(x) }""",
            ops=("Greater", "Less", "Cast", "Cast", "Sub"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[5, 9] x) => (int8[5, 9] y) {
                 h = Cast<to = 3>(x)
                 y = Sign(h) }""",
            ops=("Cast", "Cast", "Greater", "Less", "Cast", "Cast", "Sub", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[3] x) => (uint8[3] y) { y = Sign(x) }""",
            because="`x` is uint8, not float16 or float32 or float64 or int8 or int16 or int32 or int64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dtype, x = draft.dtype(), draft.inputs[0]
        wide = "int32" if dtype in NARROW else dtype
        if wide != dtype:
            x = draft.cast(x, wide)
        zero = draft.constant(0, wide)
        above, below = draft.op("Greater", x, zero), draft.op("Less", x, zero)
        sign = draft.op("Sub", draft.cast(above, wide), draft.cast(below, wide))
        draft.give(sign if wide == dtype else draft.cast(sign, dtype))
        return None
