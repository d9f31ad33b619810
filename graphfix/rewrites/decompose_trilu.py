"""Trilu(x, k) = x where column - row >= k (upper) or <= k (lower), else 0."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.draft import Draft, DraftRewrite
from graphfix.rewrite import Case, Cure, Safety


class DecomposeTrilu(DraftRewrite):
    """Write Trilu as a choice by a constant triangle.

    Why: causal masks are made with it, and few compilers have it. The last two dims and k must be known; of free
    dims the triangle is a comparison of ranges.
    """

    name = "decompose-trilu"
    safety = Safety.EXACT
    needs_opset = 14
    cures = (Cure("Trilu"),)
    before = "y = Trilu(x, k)"
    after = "y = Where(triangle, x, zero)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[N, 3, 4] x) => (float[N, 3, 4] y) { y = Trilu(x) }""",
            ops=("Where",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (bool[5, 5] x) => (bool[5, 5] y) <int64 k = {-1}> {
                 y = Trilu<upper = 0>(x, k) }""",
            ops=("And",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[3, N] x) => (float[3, N] y) { y = Trilu(x) }""",
            because="the last two dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[3, 4] x, int64 k) => (float[3, 4] y) { y = Trilu(x, k) }""",
            because="the diagonal `k` is not known",
        ),
    )

    def draw(self, draft: Draft) -> str | None:
        dims, name = draft.shape(), draft.node.inputs[0].name
        if dims is None or not all(isinstance(dim, int) for dim in dims[-2:]):
            return f"the last two dims of `{name}` are not fixed"
        known = draft.known(1)
        if draft.has(1) and known is None:
            return f"the diagonal `{draft.node.inputs[1].name}` is not known"
        k = int(known.reshape(-1)[0]) if known is not None else 0
        rows, columns = (np.arange(dim) for dim in dims[-2:])  # type: ignore[arg-type]
        far = columns[None, :] - rows[:, None]
        triangle = draft.constant(far >= k if draft.attribute("upper", 1) else far <= k)
        if draft.dtype() == "bool":
            draft.give(draft.op("And", draft.inputs[0], triangle))
        else:
            draft.give(draft.op("Where", triangle, draft.inputs[0], draft.number(0)))
        return None
