"""ReduceMax(b) = Cast<bool>(ReduceMax(Cast<int32>(b))): any by the largest number, all by the smallest."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ReduceBoolByInt32(BuiltRewrite):
    """Reduce truth values as 0 and 1.

    Why: from opset 20 on ReduceMax and ReduceMin take truth values, as `any` and `all` are exported, and most compilers still
    reduce numbers alone.
    """

    name = "reduce-bool-by-int32"
    safety = Safety.EXACT
    needs_opset = 20
    dtypes = ("bool",)
    ops = ("ReduceMin",)
    fixes = (FixRule("ReduceMax", unless=("dynamic",)), FixRule("ReduceMin", unless=("dynamic",)))
    before = "y = ReduceMax(x, axes)"
    after = """number = Cast<to = 6>(x)
               most = ReduceMax(number, axes)
               y = Cast<to = 9>(most)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 9, opset_import: ["" : 20]> g (float[N, 3] x) => (bool[N, 1] y)
               <float limit = {0.5}, int64[1] axes = {1}> {
                 b = Greater(x, limit)
                 y = ReduceMax(b, axes) }""",
            ops=("Greater", "Cast", "ReduceMax", "Cast"),
        ),
        Case(
            """<ir_version: 9, opset_import: ["" : 20]> g (bool[2, 3] x) => (bool y) { y = ReduceMin<keepdims = 0>(x) }""",
            ops=("Cast", "ReduceMin", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 9, opset_import: ["" : 20]> g (float[2, 3] x) => (float y) { y = ReduceMin<keepdims = 0>(x) }""",
            because="`x` is float32, not bool",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        made = draft.op(draft.node.op, draft.cast(draft.inputs[0], "int32"), *draft.inputs[1:], **draft.node.attrs)
        draft.give(draft.cast(made, "bool"))
        return None
