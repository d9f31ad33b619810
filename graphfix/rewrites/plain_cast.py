"""CastLike(x, t) = Cast<to = the dtype of t>(x)."""

from __future__ import annotations

from typing import ClassVar

from graphfix.draft import Draft, DraftRewrite
from graphfix.infer import CODES
from graphfix.rewrite import Case, Cure, Safety


class PlainCast(DraftRewrite):
    """Write CastLike as a Cast to the dtype that its second operand has.

    Why: the dtype is known as soon as the model is, and a compiler that has no CastLike has Cast. Function bodies
    are full of it.
    """

    name = "plain-cast"
    safety = Safety.EXACT
    needs_opset = 15
    cures = (Cure("CastLike"),)
    before = "y = CastLike(x, t)"
    after = "y = Cast<to = 1>(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 15]> g (float[N, 9] x, int32[1] t) => (int32[N, 9] y) {
                 y = CastLike(x, t) }""",
            ops=("Cast",),
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 19]> g (float[2, 9] x) => (uint8[2, 9] y) <uint8 t = {0}> {
                 h = Abs(x)
                 y = CastLike(h, t) }""",
            ops=("Abs", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 15]> g (float[3] x) => (int64[3] y) { y = Cast<to = 7>(x) }"""),
    )

    def draw(self, draft: Draft) -> str | None:
        dtype = draft.dtype(1)
        if dtype not in CODES or not dtype:
            return f"the dtype of `{draft.node.inputs[1].name}` is unknown"
        kept = {name: value for name, value in draft.node.attrs.items() if name in ("saturate", "round_mode")}
        draft.give(draft.op("Cast", draft.inputs[0], to=CODES[dtype], **kept))
        return None
