"""OneHot(i, n, [off, on]) = on where i mod n is the index along the new axis, else off."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.draft import Draft, DraftRewrite
from graphfix.rewrite import Case, Cure, Safety


class DecomposeOneHot(DraftRewrite):
    """Write OneHot of a known depth as a comparison with the indices of the new axis.

    Why: compilers want its indices, depth and values constant, or of one dtype; Equal, Where and Unsqueeze take them
    as they come. An index below zero counts from the end, one out of range is nowhere.
    """

    name = "decompose-one-hot"
    safety = Safety.EXACT
    needs_opset = 9
    dtypes = ("int32", "int64")
    cures = (Cure("OneHot"),)
    before = "y = OneHot(indices, depth, values)"
    after = """column = Unsqueeze<axes = [-1]>(indices)
               hit = Equal(column, positions)
               end = Equal(column, negatives)
               found = Or(hit, end)
               y = Where(found, on, off)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 6] x) => (float[N, 6, 3] y)
               <int64 d = {3}, float[2] v = {0, 1}> {
                 i = Cast<to = 7>(x)
                 y = OneHot(i, d, v) }""",
            ops=("Cast", "Unsqueeze", "Equal", "Equal", "Or", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[N, 8] x, float[2] v) => (float[N, 5, 8] y) <int64[1] d = {5}> {
                 i = Cast<to = 7>(x)
                 y = OneHot<axis = 1>(i, d, v) }""",
            ops=("Cast", "Gather", "Gather", "Unsqueeze", "Equal", "Equal", "Or", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (int64[3] i, int64[1] d, float[2] v) => (float[3, D] y) {
                 y = OneHot(i, d, v) }""",
            because="the depth `d` is not known",
        ),
    )

    def draw(self, draft: Draft) -> str | None:
        depth, dims = draft.known(1), draft.shape()
        if depth is None:
            return f"the depth `{draft.node.inputs[1].name}` is not known"
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axis, size = draft.attribute("axis", -1) % (len(dims) + 1), int(depth.reshape(-1)[0])
        spread = [size] + [1] * (len(dims) - axis)
        values = draft.known(2)
        plain = values is not None and values.reshape(-1).tolist() == [0, 1]
        if not plain:
            off, on = (draft.op("Gather", draft.inputs[2], draft.constant([i]), axis=0) for i in range(2))
        column = draft.op("Unsqueeze", draft.inputs[0], axes=[axis])
        hit = draft.op("Equal", column, draft.number(np.arange(size).reshape(spread)))
        end = draft.op("Equal", column, draft.number(np.arange(-size, 0).reshape(spread)))
        found = draft.op("Or", hit, end)
        draft.give(draft.cast(found, draft.dtype(2)) if plain else draft.op("Where", found, on, off))
        return None
