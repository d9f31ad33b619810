"""Trilu(x, k) = x where column - row >= k (upper) or <= k (lower), else 0."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

DTYPES = (*FLOATS, "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class DecomposeTrilu(BuiltRewrite):
    """Write Trilu as a Where with a constant triangular mask.

    Why: causal masks are built with Trilu, and few compilers support it. Where the diagonal or the last two dims are known
    only at run time, the mask is computed by a comparison.
    """

    name = "decompose-trilu"
    safety = Safety.EXACT
    needs_opset = 14
    dtypes = DTYPES
    fixes = (FixRule("Trilu"),)
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
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (float[5, 6] x, int64 k) => (float[5, 6] y) { y = Trilu(x, k) }""",
            ops=("Less", "Not", "Where"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (int64[N, M] x) => (int64[N, M] y) { y = Trilu<upper = 0>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 14]> g (bfloat16[3, 4] x) => (bfloat16[3, 4] y) { y = Trilu(x) }""",
            because="`x` is bfloat16, not " + " or ".join(DTYPES),
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        known, upper = draft.known(1), draft.attribute("upper", 1)
        size = (draft.shape() or (None, None))[-2:]
        k = None if draft.has(1) and known is None else int(known.reshape(-1)[0]) if known is not None else 0
        if isinstance(size[0], int) and isinstance(size[1], int):
            far = np.arange(size[1])[None, :] - np.arange(size[0])[:, None]
            if k is not None:
                self._choose(draft, draft.constant(far >= k if upper else far <= k))
                return None
            distance = draft.constant(far)
        else:
            dims = draft.op("Shape", draft.inputs[0])
            zero, one = draft.constant(0), draft.constant(1)
            rows, columns = (
                draft.op("Range", zero, draft.op("Gather", dims, draft.constant(place), axis=0), one) for place in (-2, -1)
            )
            distance = draft.op("Sub", columns, draft.op("Unsqueeze", rows, axes=[1]))
        diagonal = draft.inputs[1] if k is None else draft.constant(k)
        self._choose(draft, draft.op("Not", draft.op("Less" if upper else "Greater", distance, diagonal)))
        return None

    def _choose(self, draft: ReplacementBuilder, triangle: str) -> None:
        """Select the operand inside the triangle, and zero outside."""
        if draft.dtype() == "bool":
            draft.give(draft.op("And", draft.inputs[0], triangle))
        else:
            draft.give(draft.op("Where", triangle, draft.inputs[0], draft.number(0)))
