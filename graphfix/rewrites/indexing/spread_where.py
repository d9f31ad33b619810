"""Where(c, x, s) = Where(c, x, Expand(s)): operands that are spread over the others are given at full size."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'
MOST = 1 << 20
"""The most elements of a constant that is written at full size."""


class SpreadWhere(BuiltRewrite):
    """Give Where all its operands in the shape of its result.

    Why: some compilers have a selection of operands of one shape only, and choose it where the leading dims are 1, whether or not
    the other dims are equal.
    """

    name = "spread-where"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("Where", kinds=("dtype", "rank", "form", "attribute", "wrong")),)
    before = "y = Where(c, x, s)"
    after = """t = Expand(s, shape)
               y = Where(c, x, t)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (bool[1, 3] c, int64[1, 3] x) => (int64[1, 3] y) <int64 s = {{7}}> {{ y = Where(c, x, s) }}""",
            ops=("Where",),
        ),
        Case(
            f"""{HEAD} (bool[2, 1] c, float[3] x, float[2, 3] z) => (float[2, 3] y) {{ y = Where(c, x, z) }}""",
            ops=("Expand", "Expand", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (bool[N, 3] c, float[N, 3] x) => (float[N, 3] y) <float s = {{7}}> {{ y = Where(c, x, s) }}""",
            because="the dims of its operands are not fixed",
        ),
        Case(f"""{HEAD} (bool[2, 3] c, float[2, 3] x, float[2, 3] z) => (float[2, 3] y) {{ y = Where(c, x, z) }}""", because=""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shapes = [draft.fixed(index) for index in range(3)]
        known = [shape for shape in shapes if shape is not None]
        if len(known) < len(shapes):
            return "the dims of its operands are not fixed"
        full = np.broadcast_shapes(*known)
        if all(shape == full for shape in known):
            return ""
        operands = []
        for index, shape in enumerate(known):
            array = draft.known(index) if prod(full) <= MOST else None
            if shape == full:
                operands.append(draft.inputs[index])
            elif array is not None:
                operands.append(draft.constant(np.broadcast_to(array, full), array.dtype))
            else:
                operands.append(draft.op("Expand", draft.inputs[index], draft.constant(full)))
        draft.give(draft.op("Where", *operands))
        return None
