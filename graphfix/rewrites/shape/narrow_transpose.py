"""Transpose<[0, 1, 4, 2, 5, 3]> = Reshape, Transpose of rank 5 and less, Reshape: axes that stay together are one axis.

What is left of a permutation after merging neighbours that move together, and leaving out axes of one entry, is taken
apart from the front: the block that belongs first is brought there by a transpose of rank 3, [a, b, c] -> [b, a, c].
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_AXES = 4
"""The rank from which every compiler supports a Transpose, and to which this one brings it."""


class NarrowTranspose(BuiltRewrite):
    """Write a Transpose of many axes as transposes of few, between reshapes.

    Why: splitting pixels, windows and heads makes ranks of 6 and more; compilers stop at 4 or 5. The elements lie the
    same way however many axes they are counted along.
    """

    name = "narrow-transpose"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("Transpose", kinds=("rank",)),)
    before = "y = Transpose<perm = [0, 1, 4, 2, 5, 3]>(x)"
    after = """a = Reshape(x, few)
               b = Transpose<perm = [0, 2, 1, 3]>(a)
               y = Reshape(b, dims)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2, 3, 2, 2, 3] x) => (float[1, 2, 2, 3, 3, 2] y) {
                 y = Transpose<perm = [0, 1, 4, 2, 5, 3]>(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, 3, 4, 5, 2] x) => (float[N, 4, 5, 2, 2, 3] y) {
                 y = Transpose<perm = [0, 3, 4, 5, 1, 2]>(x) }""",
            ops=("Reshape", "Transpose", "Reshape"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 3, 2, 2, 3, 2] x) => (float[2, 3, 2, 2, 3, 2] y) {
                 y = Transpose(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 3] x) => (float[3, 2] y) { y = Transpose(x) }""",
            because="`x` has rank 2, which every compiler supports",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[A, B, 3, 4, 5] x) => (float[5, 4, 3, B, A] y) {
                 y = Transpose(x) }""",
            because="several dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, name = draft.shape(), draft.node.inputs[0].name
        if shape is None or len(shape) <= MOST_AXES:
            return f"`{name}` has {'no known rank' if shape is None else f'rank {len(shape)}, which every compiler supports'}"
        if sum(not isinstance(dim, int) for dim in shape) > 1:
            return f"several dims of `{name}` are not fixed"
        dims = [dim if isinstance(dim, int) else -1 for dim in shape]
        perm = list(draft.attribute("perm") or reversed(range(len(dims))))
        groups = _groups([axis for axis in perm if dims[axis] != 1])
        order = sorted(range(len(groups)), key=lambda g: groups[g][0])
        sizes = {g: _size([dims[axis] for axis in groups[g]]) for g in order}
        x, left = "in0", list(range(len(groups)))
        now = [*order]
        while now != left:
            if len(now) <= MOST_AXES:
                x = draft.transpose(draft.reshape(x, [sizes[g] for g in now]), [now.index(g) for g in left])
                break
            first = next(place for place, (a, b) in enumerate(zip(now, left, strict=True)) if a != b)
            at = now.index(left[first])
            parts = [now[:first], now[first:at], [now[at]], now[at + 1 :]]
            wide = [_size([sizes[g] for g in part]) for part in parts]
            x = draft.transpose(draft.reshape(x, wide), [0, 2, 1, 3])
            now = [*parts[0], *parts[2], *parts[1], *parts[3]]
        draft.give(draft.reshape(x, [dims[axis] for axis in perm]))
        return None


def _groups(perm: list[int]) -> list[list[int]]:
    """Axes that follow each other before and after, in the order in which they come out."""
    rank = {axis: place for place, axis in enumerate(sorted(perm))}
    groups: list[list[int]] = []
    for axis in perm:
        if groups and rank[axis] == rank[groups[-1][-1]] + 1:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    return groups


def _size(dims: list[int]) -> int:
    return -1 if -1 in dims else int(np.prod(dims, dtype=np.int64))
