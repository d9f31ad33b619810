"""Clip(x, low, high) = Min(Max(x, low), high)."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeClip(BuiltRewrite):
    """Write Clip as a maximum and a minimum, as far as it has bounds.

    Why: many compilers support Clip only with constant scalar bounds; Max and Min accept computed bounds of any rank.
    """

    name = "decompose-clip"
    safety = Safety.EXACT
    needs_opset = 8
    differs_at = ("nan", "inf")
    fixes = (FixRule("Clip"),)
    before = "y = Clip(x, low, high)"
    after = """raised = Max(x, low)
               y = Min(raised, high)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 9] x, float low) => (float[N, 9] y) <float high = {0.75}> {
                 y = Clip(x, low, high) }""",
            ops=("Max", "Min"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (int64[N, 9] x) => (int64[N, 9] y) <int64 high = {2}> {
                 y = Clip(x, , high) }""",
            ops=("Min",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 9]> g (float[N, 9] x) => (float[N, 9] y) { y = Clip<min = 0.25>(x) }""",
            ops=("Max",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[9] x) => (float[9] y) { y = Clip(x) }""",
            because="it has no bounds",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 9, "elsewhere" : 1]> g (float[9] x) => (float[9] y) {
                 h = elsewhere.Unheard(x)
                 y = Clip<min = 0.5>(h) }""",
            because="the dtype of `h` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        made = draft.inputs[0]
        for index, (op, name) in enumerate((("Max", "min"), ("Min", "max")), 1):
            if draft.has(index):
                made = draft.op(op, made, draft.inputs[index])
            elif draft.attribute(name) is not None:
                made = draft.op(op, made, draft.number(draft.attribute(name)))
        if made == draft.inputs[0]:
            return "it has no bounds"
        draft.give(made)
        return None
