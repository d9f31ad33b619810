"""Expand(x: [6, 1], [6, 4]) = x · ones: entries are repeated along an axis by a product with as many ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_ONES = 1 << 22
"""Entries of the constant up to which it is written out."""
NARROW = ("int8", "int16", "uint8", "uint16", "bfloat16")
"""Dtypes that Mul has from opset 14 on."""


class StretchByOnes(BuiltRewrite):
    """Repeat entries along axes of size 1 by multiplying with ones, in place of an Expand or a Tile.

    Why: compilers that broadcast while they multiply leave out an Expand before a matrix product, and with it axes of the
    result, or terms of the sum. They do not take a product with ones for one.
    """

    name = "stretch-by-ones"
    safety = Safety.EXACT
    needs_opset = 8
    ops = ("Tile",)
    dtypes = ("float32", "float16", "float64", "int32", "int64", "uint32", "uint64", *NARROW)
    fixes = (FixRule("Expand"), FixRule("Tile"))
    before = "y = Expand(x, s)"
    after = "y = Mul(x, ones)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 8, 1, 1] x) => (float[1, 8, 6, 4] y)
               <int64[4] s = {1, 8, 6, 4}> { y = Expand(x, s) }""",
            ops=("Mul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int32[N, 1, 4] x) => (int32[2, N, 3, 4] y)
               <int64[4] s = {2, 1, 3, 4}> { y = Expand(x, s) }""",
            ops=("Mul",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 1] x) => (float[N, 3] y) <int64[2] n = {1, 3}> {
                 y = Tile(x, n) }""",
            ops=("Mul",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4] x) => (float[4, 4] y) <int64[2] n = {2, 1}> {
                 y = Tile(x, n) }""",
            because="dim 0 of `x` is 2 and not 1: its entries are repeated one after the other",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x, float[N, 4] z) => (float[A, B] y) {
                 s = Shape(z)
                 y = Expand(x, s) }""",
            because="how far `x` is stretched is only known at run time",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int8[1, 4] x) => (int8[2, 4] y) <int64[2] s = {2, 4}> {
                 y = Expand(x, s) }""",
            because="there is a product of int8 from opset 14 on",
        ),
    )  # fmt: skip

    def draw(self, draft: ReplacementBuilder) -> str | None:
        name, wanted, dims = draft.node.inputs[0].name, draft.known(1), draft.shape()
        if wanted is None:
            return f"how far `{name}` is stretched is only known at run time"
        if dims is None:
            return f"the rank of `{name}` is unknown"
        if draft.dtype() in NARROW and draft.surgery.opset < 14:
            return f"there is a product of {draft.dtype()} from opset 14 on"
        sizes = [int(size) for size in wanted.reshape(-1)]
        more = len(sizes) - len(dims)
        ones = [1] * -more + sizes if more < 0 else sizes
        for at, size in enumerate(dims, start=max(more, 0)):
            if draft.node.op == "Expand" and isinstance(size, int) and size != 1:
                ones[at] = 1
            elif size != 1 and ones[at] != 1:
                return f"dim {at - max(more, 0)} of `{name}` is {size} and not 1: its entries are repeated one after the other"
        if all(size == 1 for size in ones) and more <= 0:
            return "nothing is stretched"
        if 0 in ones or np.prod(ones) > MOST_ONES:
            return f"{np.prod(ones)} ones are none to write out"
        draft.give(draft.op("Mul", "in0", draft.number(np.ones(ones))))
        return None
