"""Flatten<axis = 1>(x) = Reshape(x, [0, -1]), and for any other axis with the side that is known as a number."""

from __future__ import annotations

import math
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class FlattenToReshape(BuiltRewrite):
    """Write Flatten as Reshape to constants.

    Why: a compiler may multiply out the dims of a Flatten and fail where some are free; a Reshape keeps the first dim
    and takes what is left.
    """

    name = "flatten-to-reshape"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("Flatten"),)
    before = "y = Flatten(x)"
    after = "y = Reshape(x, [0, -1])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, C, H, W] x) => (float[A, B] y) { y = Flatten(x) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M, 4] x) => (float[A, B] y) { y = Flatten<axis = -1>(x) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, K] x) => (float[A, B] y) { y = Flatten<axis = 2>(x) }""",
            ops=("Reshape",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N] x) => (float[A, B] y) { y = Flatten<axis = 0>(x) }""",
            ops=("Reshape",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M, K] x) => (float[A, B] y) { y = Flatten<axis = 2>(x) }""",
            because="dims on both sides of axis 2 are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, axis = draft.shape(), int(draft.attribute("axis", 1))
        if dims is None:
            if axis != 1:
                return "its rank is unknown"
            return _give(draft, 0, -1)
        axis = axis + len(dims) if axis < 0 else axis
        if axis == 1:
            return _give(draft, 0, -1)
        sides = []
        for part in (dims[:axis], dims[axis:]):
            sizes = [dim for dim in part if isinstance(dim, int)]
            sides.append(math.prod(sizes) if len(sizes) == len(part) else -1)
        if sides == [-1, -1]:
            return f"dims on both sides of axis {axis} are not fixed"
        return _give(draft, *sides)


def _give(draft: ReplacementBuilder, first: int, second: int) -> str | None:
    draft.give(draft.reshape("x", [first, second]))
    return None
