"""LSTM<layout = 1>(X) = turn(LSTM<layout = 0>(turn(X))), turn swapping the batch and the steps."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.recurrent.operands import is_read
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WEIGHTS = "float[1, 6, 1] w = {0.5, 2, 1, -1, 0.25, 1}, float[1, 6, 2] r = {1, 0.5, 0.25, 1, 0, 1, -1, 2, 0.5, 0.5, 1, 0}"
STATES = (5, 6)


class TimeFirstRecurrent(BuiltRewrite):
    """Run a recurrent layer that keeps the batch first with the steps first, between transposes.

    Why: the layout is an attribute that came late, and next to no compiler or runtime has read it.
    """

    name = "time-first-recurrent"
    safety = Safety.EXACT
    needs_opset = 14
    ulps = 64
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = "Y, last = GRU<layout = 1>(X, W, R)"
    after = """x = Transpose<perm = [1, 0, 2]>(X)
               y, h = GRU(x, W, R)
               Y = Transpose<perm = [2, 0, 1, 3]>(y)
               last = Transpose<perm = [1, 0, 2]>(h)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 14]>
               g (float[3, 4, 1] x, float[3, 1, 2] h) => (float[3, 4, 1, 2] y, float[3, 1, 2] last)
               <{WEIGHTS}> {{ y, last = GRU<hidden_size = 2, layout = 1>(x, w, r, , , h) }}""",
            ops=("Transpose", "Transpose", "GRU", "Transpose", "Transpose"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 14]> g (float[3, 2, 1] x) => (float[1, 2, 2] last)
               <{WEIGHTS}> {{ y, last = GRU<hidden_size = 2>(x, w, r) }}""",
            because="it keeps the steps first already",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if not draft.attribute("layout", 0):
            return "it keeps the steps first already"
        operands = [draft.transpose("in0", [1, 0, 2]), *draft.inputs[1:]]
        for place in STATES:
            if draft.has(place):
                operands[place] = draft.transpose(draft.inputs[place], [1, 0, 2])
        attrs = {name: value for name, value in draft.node.attrs.items() if name != "layout"}
        made = draft.ops(draft.node.op, 3 if draft.node.op == "LSTM" else 2, *operands, **attrs)
        for index, name in enumerate(made):
            if is_read(draft, index):
                draft.give(draft.transpose(name, [2, 0, 1, 3] if index == 0 else [1, 0, 2]), index)
        return None
