"""Hardmax(x) = 1 where the index along the axis is ArgMax(x), else 0."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeHardmax(BuiltRewrite):
    """Write Hardmax as the comparison of an ArgMax with the indices along its axis.

    Why: few compilers support Hardmax, all support ArgMax and Equal. Before opset 13 the axis and all after it are flattened.
    """

    name = "decompose-hardmax"
    safety = Safety.EXACT
    needs_opset = 11
    differs_at = ("nan", "inf")
    dtypes = FLOATS
    fixes = (FixRule("Hardmax"),)
    before = "y = Hardmax(x)"
    after = """best = ArgMax<axis = -1>(x)
               hit = Equal(indices, best)
               y = Cast<to = 1>(hit)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 5, 3] x) => (float[N, 5, 3] y) {
                 y = Hardmax<axis = 1>(x) }""",
            ops=("ArgMax", "Equal", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 5, 3] x) => (float[2, 5, 3] y) { y = Hardmax(x) }""",
            ops=("Reshape", "ArgMax", "Equal", "Cast", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, N, 3] x) => (float[2, N, 3] y) {
                 y = Hardmax<axis = 1>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 3, N] x) => (float[2, 3, N] y) { y = Hardmax(x) }""",
            because="dim 2 of `x` is not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, name = draft.shape(), draft.node.inputs[0].name
        if dims is None:
            return f"the rank of `{name}` is unknown"
        modern = draft.surgery.opset >= 13
        axis = draft.attribute("axis", -1 if modern else 1) % len(dims)
        joined = not modern and axis != len(dims) - 1
        sizes = [dim for dim in dims[axis:] if isinstance(dim, int)]
        if joined and len(sizes) < len(dims) - axis:
            return f"dim {next(i for i in range(axis, len(dims)) if not isinstance(dims[i], int))} of `{name}` is not fixed"
        if joined and sum(not isinstance(dim, int) for dim in dims) > 1:
            return f"more than one dim of `{name}` is not fixed"
        x, length = draft.inputs[0], prod(sizes) if joined else draft.size(axis)
        spread = list(range(1, 1 if joined else len(dims) - axis))
        if joined:
            x, axis = draft.reshape(x, [-1, prod(sizes)]), 1
        best = draft.op("ArgMax", x, axis=axis, keepdims=1)
        hit = draft.op("Equal", draft.standing(draft.places(length), spread), best)
        made = draft.cast(hit, draft.dtype())
        draft.give(draft.reshape(made, [dim if isinstance(dim, int) else -1 for dim in dims]) if joined else made)
        return None
