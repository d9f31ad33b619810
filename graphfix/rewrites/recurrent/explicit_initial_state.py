"""LSTM(X) = LSTM(X, h0 = zeros, c0 = zeros), the zeros being as many as the batch of X."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.recurrent.operands import backwards, give
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WEIGHTS = "float[1, 2, 1] w = {0.5, 2}, float[1, 2, 2] r = {1, 0.5, 0.25, 1}"
FIRST = 5
"""The place of `initial_h`; `initial_c` stands behind it."""


class ExplicitInitialState(BuiltRewrite):
    """Give a recurrent layer the zeros that it starts with where it is given nothing.

    Why: a state that is left out has the size of the batch, which a compiler that infers shapes from operands cannot
    know where the batch is free; one stumbles over it and dies. Expanded from the dims of X, it is known by its symbol.
    """

    name = "explicit-initial-state"
    safety = Safety.EXACT
    needs_opset = 8
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = "Y, last = GRU<hidden_size = 8>(X, W, R)"
    after = """zeros = Expand(zero, sizes)
               Y, last = GRU<hidden_size = 8>(X, W, R, , , zeros)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[T, N, 1] x) => (float[1, N, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2>(x, w, r) }}""",
            ops=("Shape", "Gather", "Concat", "Expand", "RNN"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[T, 2, 1] x, float[1, 2, 1] h) => (float[1, 2, 1] last)
               <float[1, 4, 1] w = {1, 2, 3, 4}, float[1, 4, 1] r = {1, 2, 3, 4}> {
                 y, last = LSTM<hidden_size = 1>(x, w, r, , , h) }""",
            ops=("LSTM",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x, float[1, 2, 2] h) => (float[1, 2, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2>(x, w, r, , , h) }}""",
            because="it is given its states",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        states = [FIRST, FIRST + 1] if draft.node.op == "LSTM" else [FIRST]
        missing = [place for place in states if not draft.has(place)]
        if not missing:
            return "it is given its states"
        dims = draft.shape()
        if draft.attribute("layout", 0) or dims is None:
            return "layout 1 is another order of axes" if dims is not None else "the rank of its input is unknown"
        ways, hidden, batch = len(backwards(draft)), int(draft.attribute("hidden_size")), dims[1]
        if isinstance(batch, int):
            zeros = draft.number(np.zeros((ways, batch, hidden)))
        else:
            size = draft.op("Gather", draft.op("Shape", "in0"), draft.constant([1]), axis=0)
            sizes = draft.op("Concat", draft.constant([ways]), size, draft.constant([hidden]), axis=0)
            zeros = draft.op("Expand", draft.number(0), sizes)
        operands = [*draft.inputs, *[""] * 8][:8]
        for place in missing:
            operands[place] = zeros
        while not operands[-1]:
            operands.pop()
        give(draft, draft.ops(draft.node.op, len(draft.node.outputs), *operands, **draft.node.attrs))
        return None
