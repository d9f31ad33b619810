"""LSTM(X, lengths)_t = [t < length] * LSTM(X)_t, and its last state is that at length - 1.

A direction that runs from the end runs forward over X with each sequence turned about its own length. The last cell of
an LSTM stays as it was at the end when one more input, 1 behind the end, opens the forget gate and shuts the input gate.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.recurrent.operands import LENGTHS, backwards, give, is_read, joined, odd_parameters, part, single_direction
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

SHUT = 1e4
"""What saturates a gate to the last bit in every float dtype."""

WEIGHTS = "float[1, 2, 1] w = {0.5, 2}, float[1, 2, 2] r = {1, 0.5, 0.25, 1}, float[1, 4] b = {0.5, 0.25, 0.5, 0}"


class MaskSequenceLens(BuiltRewrite):
    """Run a packed LSTM, GRU or RNN over all steps, and mask what lies behind each sequence's end.

    Why: few compilers have `sequence_lens`; comparing steps with lengths and choosing is everywhere. It holds for
    lengths that are known and for such as come at run time.
    """

    name = "mask-sequence-lens"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    fixes = tuple(FixRule(op) for op in ("LSTM", "GRU", "RNN"))
    ops = ("LSTM", "RNN")
    before = "Y, last = GRU(X, W, R, B, lengths)"
    after = """y, h = GRU(X, W, R, B)
               mask = Less(steps, lengths)
               Y = Where(mask, y, zero)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]>
               g (float[3, 2, 1] x, int32[2] n) => (float[3, 1, 2, 2] y, float[1, 2, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2>(x, w, r, b, n) }}""",
            ops=("*",),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, N, 1] x, int32[N] n) => (float[1, N, 2] last)
               <{WEIGHTS}> {{ y, last = RNN<hidden_size = 2, direction = "reverse">(x, w, r, b, n) }}""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]>
               g (float[4, 2, 1] x, float[2, 2, 1] h) => (float[4, 2, 2, 1] y, float[2, 2, 1] last)
               <float[2, 1, 1] w = {0.5, 2}, float[2, 1, 1] r = {1, 0.5}, int32[2] n = {1, 3}> {
                 y, last = RNN<hidden_size = 1, direction = "bidirectional">(x, w, r, , n, h) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]>
               g (float[3, 2, 1] x, int32[2] n, float[2, 2, 1] d) => (float[3, 2, 2, 1] y, float[2, 2, 1] h, float[2, 2, 1] c)
               <float[2, 4, 1] w = {1, 2, -3, 4, 0.5, 1, 2, 1}, float[2, 4, 1] r = {1, -2, 3, 1, 0.5, 1, 0.25, 2}> {
                 y, h, c = LSTM<hidden_size = 1, direction = "bidirectional">(x, w, r, , n, , d) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x) => (float[3, 1, 2, 2] y)
               <{WEIGHTS}> {{ y = RNN<hidden_size = 2>(x, w, r) }}""",
            because="it has no lengths",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 2, 1] x, int32[2] n) => (float[1, 2, 1] c)
               <float[1, 4, 1] w = {1, 2, 3, 4}, float[1, 4, 1] r = {1, 2, 3, 4}> {
                 y, h, c = LSTM<hidden_size = 1, clip = 3.0>(x, w, r, , n) }""",
            because="its last cell is read, and its gates cannot be held open",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if not draft.has(LENGTHS):
            return "it has no lengths"
        odd = odd_parameters(draft)
        if odd is not None:
            return odd
        if is_read(draft, 2) and not _holds(draft):
            return "its last cell is read, and its gates cannot be held open"
        dims = draft.shape()
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        lengths = draft.reshape(draft.cast(draft.inputs[LENGTHS], "int64"), [1, -1])
        steps = draft.reshape(_steps(draft, dims[0]), [-1, 1])
        inside = draft.op("Less", steps, lengths)
        last = draft.op("Equal", steps, draft.op("Sub", lengths, draft.constant([1])))
        places = ""
        if any(backwards(draft)):
            turned = draft.op("Sub", draft.op("Sub", lengths, steps), draft.constant([1]))
            away = draft.op("Mul", draft.cast(inside, "int64"), draft.op("Sub", turned, steps))
            places = draft.op("Unsqueeze", draft.op("Add", steps, away), axes=[2])
        spread = [draft.op("Unsqueeze", mask, axes=[1, 3]) for mask in (inside, last)]
        zero = draft.number(0)
        behind = ""
        if is_read(draft, 2):
            behind = draft.op("Unsqueeze", draft.cast(draft.op("Not", inside), draft.dtype()), axes=[2])
        lanes = []
        for number, backward in enumerate(backwards(draft)):
            x, weight = _pick(draft, "in0", places) if backward else "in0", ""
            if behind:
                x = draft.op("Where", draft.op("Unsqueeze", inside, axes=[2]), x, zero)  # large padding would open the gates
                x, weight = draft.op("Concat", x, behind, axis=2), _with_hold(draft, number)
            y, _, *cell = single_direction(draft, x, number, "forward", weight=weight)
            if cell and behind and draft.has(6):  # an empty sequence leaves nothing, whatever it starts from
                filled = draft.reshape(draft.op("Greater", lengths, draft.constant(0)), [1, -1, 1])
                cell = [draft.op("Where", filled, cell[0], zero)]
            state = draft.op("ReduceSum", draft.op("Where", spread[1], y, zero), axes=[0], keepdims=0)
            y = draft.op("Where", spread[0], y, zero)
            if backward and is_read(draft, 0):  # the turning is its own inverse
                y = _pick(draft, y, draft.op("Unsqueeze", places, axes=[1]), (1,))
            lanes.append([y, state, *cell])
        give(draft, joined(draft, lanes))
        return None


def _steps(draft: ReplacementBuilder, steps: int | str | None) -> str:
    """The numbers of the steps."""
    if isinstance(steps, int):
        return draft.constant(np.arange(steps, dtype=np.int64))
    sizes = draft.op("Slice", draft.op("Shape", "in0"), axes=[0], starts=[0], ends=[1])
    end = draft.op("Squeeze", sizes, axes=[0])
    return draft.op("Range", draft.constant(0), end, draft.constant(1))


def _holds(draft: ReplacementBuilder) -> bool:
    """Whether a large input can shut and open the gates for good."""
    given = draft.attribute("activations") or ["Sigmoid"]
    gates = {str(given[place]).lower() for place in range(0, len(given), 3)}
    return gates <= {"sigmoid", "hardsigmoid"} and not {"clip", "activation_alpha"} & set(draft.node.attrs)


def _with_hold(draft: ReplacementBuilder, number: int) -> str:
    """W with a column for the input that is 1 behind the end: it shuts the input gate and opens the forget gate."""
    hidden = int(draft.attribute("hidden_size"))
    column = np.repeat(np.asarray([-SHUT, 0, SHUT, 0]), hidden).reshape(1, -1, 1)
    known = draft.known(1)
    if known is not None:
        return draft.number(np.concatenate([known[number : number + 1], column], 2))
    return draft.op("Concat", part(draft, 1, number, len(backwards(draft))), draft.number(column), axis=2)


def _pick(draft: ReplacementBuilder, x: str, places: str, between: tuple[int, ...] = ()) -> str:
    """Return the steps of x at these places, for every sequence its own; `between` are the dims of 1 behind the steps.

    Steps and sequences of fixed number are one axis meanwhile: some compilers do not know the shape of a GatherElements.
    """
    steps, batch = (draft.shape() or (None, None))[:2]
    if not isinstance(steps, int) or not isinstance(batch, int):
        return draft.op("GatherElements", x, draft.op("Expand", places, draft.op("Shape", x)), axis=0)
    entries = draft.constant(np.arange(batch).reshape(1, *between, batch, 1))
    flat = draft.op("Add", draft.op("Mul", places, draft.constant(batch)), entries)
    rows = draft.op("Gather", draft.reshape(x, [steps * batch, -1]), draft.reshape(flat, [-1]), axis=0)
    return draft.reshape(rows, [steps, *between, batch, -1])
