"""Det(x) = sum over permutations p of sign(p) x[0, p0] x[1, p1] ...: the definition, for matrices of few rows."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_ROWS = 4
"""The most rows of a matrix: 4 make 24 products."""


class DecomposeDet(BuiltRewrite):
    """Write the determinant of matrices of at most 4 rows as a sum of products of their elements.

    Why: models of geometry need it for homographies and rotations of 2 to 4 rows, and hardly any compiler has it.
    """

    name = "decompose-det"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    differs_at = ("nan", "inf", "large")
    dtypes = FLOATS
    fixes = (FixRule("Det"),)
    before = "d = Det(x)"
    after = """elements = Reshape(x, flat)
               first = Gather<axis = -1>(elements, firsts)
               second = Gather<axis = -1>(elements, seconds)
               products = Mul(first, second)
               signed = Mul(products, signs)
               d = ReduceSum<axes = [-1], keepdims = 0>(signed)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 3] x) => (float[N] d) { d = Det(x) }""",
            ops=("Reshape", "Gather", "Gather", "Gather", "Mul", "Mul", "Mul", "ReduceSum"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 2] x) => (float d) { d = Det(x) }""",
            ops=("Reshape", "Gather", "Gather", "Mul", "Mul", "ReduceSum"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 22]> g (float[2, N, 4, 4] x) => (float[2, N] d) { d = Det(x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 1, 1] x) => (float[N] d) { d = Det(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5, 5] x) => (float[N] d) { d = Det(x) }""",
            because="matrices of 5 rows have 120 products",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M, M] x) => (float[N] d) { d = Det(x) }""",
            because="the number of rows is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M, 2, 2] x) => (float[N, M] d) { d = Det(x) }""",
            because="several dims before the matrix are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        rows = next((dim for dim in (dims or ())[-2:] if isinstance(dim, int)), None)
        if dims is None or rows is None:
            return "the number of rows is not fixed"
        if rows > MOST_ROWS:
            return f"matrices of {rows} rows have {len(list(permutations(range(rows))))} products"
        outer = [dim if isinstance(dim, int) else -1 for dim in dims[:-2]]
        if outer.count(-1) > 1:
            return "several dims before the matrix are not fixed"
        elements = draft.reshape("in0", [*outer, rows * rows])
        orders = list(permutations(range(rows)))
        total = ""
        for row in range(rows):
            factor = draft.op("Gather", elements, draft.constant([row * rows + order[row] for order in orders]), axis=len(outer))
            total = draft.op("Mul", total, factor) if total else factor
        if rows > 1:
            total = draft.op("Mul", total, draft.number([(-1) ** _swaps(order) for order in orders]))
        draft.give(draft.op("ReduceSum", total, axes=[len(outer)], keepdims=0))
        return None


def _swaps(order: tuple[int, ...]) -> int:
    """Return the number of pairs that a permutation puts in the other order."""
    return sum(one > other for one, other in combinations(order, 2))
