"""MatMul(a, b) = Cast<int32>(MatMul(float(a), float(b))) for integers so small that every sum is below 2^24."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.integer_ranges import IntegerRanges
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WHOLE = 1 << 24
"""Below this every integer is a float32, and so is every partial sum."""


class IntegerMatmulByFloat(BuiltRewrite):
    """Multiply matrices of integers as floats, where their ranges show that no sum exceeds what float32 holds exactly.

    Why: masks and counts are multiplied as integers, and some compilers multiply floats only. The ranges follow from
    constants, casts of booleans and small dtypes, comparisons and dims.
    """

    name = "integer-matmul-by-float"
    safety = Safety.EXACT
    needs_opset = 9
    dtypes = ("int32", "int64", "uint32", "uint64")
    fixes = (FixRule("MatMul", kinds=("dtype", "form", "operand")),)
    before = "y = MatMul(a, b)"
    after = """fa = Cast<to = 1>(a)
               fb = Cast<to = 1>(b)
               m = MatMul(fa, fb)
               y = Cast<to = 6>(m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[N, 3] p, uint8[3, 2] u) => (int32[N, 2] y) {
                 a = Cast<to = 6>(p)
                 b = Cast<to = 6>(u)
                 y = MatMul(a, b) }""",
            ops=("Cast", "Cast", "Cast", "Cast", "MatMul", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 9] x) => (int64[2] y)
               <int64[9] w = {1, 2, 3, 4, 5, -6, 7, 8, 9}, float zero = {0}> {
                 p = Greater(x, zero)
                 a = Cast<to = 7>(p)
                 y = MatMul(a, w) }""",
            ops=("Greater", "Cast", "Cast", "MatMul", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int32[2, 3] a, bool[3, 2] p) => (int32[2, 2] y) {
                 b = Cast<to = 6>(p)
                 y = MatMul(a, b) }""",
            because="`a` may hold -2147483648, and a sum of 3 products more than float32 holds exactly",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[2, K] p, bool[K, 2] q) => (int32[2, 2] y) {
                 a = Cast<to = 6>(p)
                 b = Cast<to = 6>(q)
                 y = MatMul(a, b) }""",
            because="how many products it sums is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] a, float[3, 2] b) => (float[2, 2] y) {
                 y = MatMul(a, b) }""",
            because="`a` is float32, not int32 or int64 or uint32 or uint64",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        one, other = draft.shape(), draft.shape(1)
        count = _summed(one, other)
        if count is None:
            return "how many products it sums is not known"
        ranges = IntegerRanges(draft.surgery)
        largest = []
        for tensor in draft.node.inputs:
            found = ranges.of(tensor)
            if found is None:
                return f"the range of `{tensor.name}` is not known"
            largest.append((max(found, key=abs), tensor.name))
        if count * abs(largest[0][0] * largest[1][0]) >= WHOLE:
            worst, name = max(largest, key=lambda pair: abs(pair[0]))
            return f"`{name}` may hold {worst}, and a sum of {count} products more than float32 holds exactly"
        product = draft.op("MatMul", *(self._floats(draft, place) for place in (0, 1)))
        draft.give(draft.cast(product, draft.dtype()))
        return None

    def _floats(self, draft: ReplacementBuilder, place: int) -> str:
        known = draft.known(place)
        return draft.cast(draft.inputs[place], "float32") if known is None else draft.constant(known, "float32")


def _summed(one: tuple[int | str | None, ...] | None, other: tuple[int | str | None, ...] | None) -> int | None:
    """Return the length of the axis that is summed, which either operand may tell."""
    lengths = [one[-1] if one else None, (other[-2] if len(other) > 1 else other[0]) if other else None]
    return next((length for length in lengths if isinstance(length, int)), None)
