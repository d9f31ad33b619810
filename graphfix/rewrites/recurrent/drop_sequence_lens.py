"""LSTM(X, sequence_lens = [T, T, ...]) = LSTM(X), T being the steps of X: lengths that are all full say nothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.recurrent.operands import LENGTHS, give
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WEIGHTS = "float[1, 2, 1] w = {0.5, 2}, float[1, 2, 2] r = {1, 0.5, 0.25, 1}"


class DropSequenceLens(BuiltRewrite):
    """Take away `sequence_lens` that are known and as long as the sequence.

    Why: packing is a training-time saving; what is left of it after the export is an operand that compilers have no
    masked form for, though it masks nothing.
    """

    name = "drop-sequence-lens"
    safety = Safety.EXACT
    needs_opset = 7
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = "Y, last = GRU<hidden_size = 8>(X, W, R, B, lengths, h)"
    after = "Y, last = GRU<hidden_size = 8>(X, W, R, B, , h)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y, float[1, 2, 2] last)
               <{WEIGHTS}, int32[2] n = {{3, 3}}> {{ y, last = RNN<hidden_size = 2>(x, w, r, , n) }}""",
            ops=("RNN",),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[1, 2, 2] last)
               <{WEIGHTS}, int64[1] two = {{2}}> {{
                 sizes = Shape<start = 0, end = 1>(x)
                 long = Expand(sizes, two)
                 n = Cast<to = 6>(long)
                 y, last = RNN<hidden_size = 2>(x, w, r, , n) }}""",
            ops=("RNN",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x, int32[2] n) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}> {{ y = RNN<hidden_size = 2>(x, w, r, , n) }}""",
            because="the lengths `n` are not known; bind them if all sequences are full",
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}, int32[2] n = {{3, 1}}> {{ y = RNN<hidden_size = 2>(x, w, r, , n) }}""",
            because="its lengths are [3, 1] of 3 steps",
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}> {{ y = RNN<hidden_size = 2>(x, w, r) }}""",
            because="it has no lengths",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if not draft.has(LENGTHS):
            return "it has no lengths"
        lengths, dims = draft.known(LENGTHS), draft.shape()
        name = draft.node.inputs[LENGTHS].name
        if lengths is None:
            return f"the lengths `{name}` are not known; bind them if all sequences are full"
        axis = 1 if draft.attribute("layout", 0) else 0
        steps = None if dims is None else dims[axis]
        if not isinstance(steps, int):
            return f"the number of steps of `{draft.node.inputs[0].name}` is not fixed"
        if not np.all(lengths == steps):
            return f"its lengths are {lengths.tolist()} of {steps} steps"
        operands = [*draft.inputs[:LENGTHS], "", *draft.inputs[LENGTHS + 1 :]]
        while not operands[-1]:
            operands.pop()
        count = len(draft.node.outputs)
        give(draft, draft.ops(draft.node.op, count, *operands, **draft.node.attrs))
        return None
