"""Reshape(x, [0, 4, -1]) = Reshape(x, [2, 4, -1]) where the dim that 0 keeps is 2."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ExplicitReshapeSizes(BuiltRewrite):
    """Write the sizes that a Reshape keeps by 0 as numbers, where they are known.

    Why: some compilers read 0 in newer opsets as a dim without elements.
    """

    name = "explicit-reshape-sizes"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("Reshape", kinds=("wrong", "operand", "form", "attribute"), traits=("shape.value", "since", "shape")),)
    before = "y = Reshape(x, sizes)"
    after = "y = Reshape(x, [2, 4, -1])"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[2, N, 6] x) => (float[2, M, 3, 2] y)
               <int64[4] s = {0, -1, 3, 2}> { y = Reshape(x, s) }""",
            ops=("Reshape",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[N, 6] x) => (float[N, 3, 2] y) <int64[3] s = {0, 3, 2}> {
                 y = Reshape(x, s) }""",
            because="dim 0 of `x` is not fixed",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 19]> g (float[2, 6] x) => (float[3, 4] y) <int64[2] s = {3, -1}> {
                 y = Reshape(x, s) }"""),
    )  # fmt: skip

    def draw(self, draft: ReplacementBuilder) -> str | None:
        target, dims = draft.known(1), draft.shape()
        if target is None or draft.attribute("allowzero", 0) or not np.any(target == 0):
            return ""
        made = [int(size) for size in target]
        for axis in (place for place, size in enumerate(made) if size == 0):
            dim = dims[axis] if dims is not None and axis < len(dims) else None
            if not isinstance(dim, int) or not dim:
                return f"dim {axis} of `{draft.node.inputs[0].name}` is not fixed"
            made[axis] = dim
        draft.give(draft.reshape(draft.inputs[0], made))
        return None
