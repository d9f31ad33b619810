"""ScatterND(x, i, u) = Gather(Concat(x, u), p) for constant i: p selects from u at the written positions, else from x."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_ELEMENTS = 1 << 22
"""The most positions that are written as constants, in all steps together."""
MOST_STEPS = 16
"""The most updates of one position under a reduction."""

COMBINE = {"add": ("Add", 0.0), "mul": ("Mul", 1.0), "max": ("Max", -np.inf), "min": ("Min", np.inf)}
"""The operator of each reduction, with its neutral element."""


class ScatterByGather(BuiltRewrite):
    """Write a scatter at constant positions as a Gather from the data and the updates.

    Why: fewer compilers support scatter than gather, and fewer still its reductions. Of two updates of one position the
    last is kept, as in every runtime; with a reduction each update of one position is combined in a step of its own.
    """

    name = "scatter-by-gather"
    safety = Safety.EXACT
    needs_opset = 11
    differs_at = ("nan", "inf")
    fixes = tuple(FixRule(op) for op in ("ScatterND", "ScatterElements", "Scatter"))
    ops = ("ScatterElements", "Scatter")
    before = "y = ScatterND(x, indices, updates)"
    after = """both = Concat<axis = 0>(x, updates)
               y = Gather(both, places)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, 3] x, float[2, 3] u) => (float[4, 3] y)
               <int64[2, 1] i = {3, -3}> { y = ScatterND(x, i, u) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[3, 3] x, float[2, 2] u) => (float[3, 3] y)
               <int64[2, 2] i = {0, -1, 2, 1}> { y = ScatterElements<axis = 1, reduction = "mul">(x, i, u) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[2, 3, 2] x, float[2, 2] u) => (float[2, 3, 2] y)
               <int64[2, 2] i = {1, 2, 0, 0}> { y = ScatterND<reduction = "max">(x, i, u) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[4, 2] x, float[5, 2] u) => (float[4, 2] y)
               <int64[5, 1] i = {1, 3, 1, -1, 1}> { y = ScatterND<reduction = "add">(x, i, u) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x, int64[2, 1] i, float[2] u) => (float[4] y) {
                 y = ScatterND(x, i, u) }""",
            because="the places it writes to are not known",
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 16]> g (float[4] x, float[{MOST_STEPS + 1}] u) => (float[4] y)
               <int64[{MOST_STEPS + 1}, 1] i = {{{", ".join(["1"] * (MOST_STEPS + 1))}}}> {{
                 y = ScatterND<reduction = "add">(x, i, u) }}""",
            because=f"a place is written to {MOST_STEPS + 1} times under a reduction, which takes as many steps",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[N] x, float[2] u) => (float[N] y) <int64[2, 1] i = {1, 2}> {
                 y = ScatterND(x, i, u) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        where, shape = draft.known(1), draft.fixed()
        if where is None:
            return "the places it writes to are not known"
        if shape is None:
            return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
        total = int(np.prod(shape))
        if not total or not where.size or total > MOST_ELEMENTS:
            return f"{total} places would be written down, over {MOST_ELEMENTS}" if total else "it writes nothing"
        places = _places(draft, where, shape)
        reduction = draft.attribute("reduction", "none")
        updates = draft.reshape("in2", [-1])
        if reduction == "none":
            picks = np.arange(total, dtype=np.int64)
            picks[places] = total + np.arange(places.size)
            both = draft.op("Concat", draft.reshape("in0", [-1]), updates, axis=0)
            draft.give(draft.op("Gather", both, draft.constant(picks.reshape(shape)), axis=0))
            return None
        op, neutral = COMBINE[reduction]
        dtype = draft.surgery.dtype(draft.node.inputs[0])
        if dtype is None or (np.isinf(neutral) and dtype.kind != "f"):
            return f"`{reduction}` in an integer dtype has no neutral element here"
        steps = _steps(places)
        if len(steps) > MOST_STEPS or total * len(steps) > MOST_ELEMENTS:
            return f"a place is written to {len(steps)} times under a reduction, which takes as many steps"
        both = draft.op("Concat", draft.number([neutral]), updates, axis=0)
        combined = "in0"
        for chosen in steps:
            picks = np.zeros(total, np.int64)
            picks[places[chosen]] = chosen + 1
            combined = draft.op(op, combined, draft.op("Gather", both, draft.constant(picks.reshape(shape)), axis=0))
        draft.give(combined)
        return None


def _steps(places: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return the updates by the number of earlier updates of the same position; in each group no position occurs twice."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.concatenate([starts, [places.size]]))
    nth = np.arange(places.size) - np.repeat(starts, lengths)
    return [np.sort(order[nth == step]) for step in range(int(nth.max()) + 1)]


def _places(draft: ReplacementBuilder, where: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return the flat positions that are written to, in the order of the updates."""
    strides = np.concatenate([np.cumprod(np.asarray(shape[::-1], np.int64))[::-1][1:], [1]]).astype(np.int64)
    if draft.node.op == "ScatterND":
        depth = where.shape[-1]
        dims = np.asarray(shape[:depth], np.int64)
        first = (np.where(where < 0, where + dims, where) * strides[:depth]).sum(-1).reshape(-1, 1)
        return np.asarray(first + np.arange(int(np.prod(shape[depth:]))), np.int64).reshape(-1)
    axis = draft.attribute("axis", 0) % len(shape)
    grid = np.indices(where.shape, np.int64)
    grid[axis] = np.where(where < 0, where + shape[axis], where)
    return np.asarray(sum(grid[i] * strides[i] for i in range(len(shape))), np.int64).reshape(-1)
