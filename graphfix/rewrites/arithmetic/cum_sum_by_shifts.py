"""CumSum(x) = x_n, where x_0 = x and x_(k + 1) = x_k + x_k moved by 2^k places, n = log2 of the length."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.arithmetic.summed_axis import summed_axis
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 14]> g'
MOST = 4096
"""The longest axis that is rewritten; each doubling of it needs three nodes more."""


class CumSumByShifts(BuiltRewrite):
    """Write CumSum as sums of the data and the same data moved along the axis by 1, 2, 4 and more places.

    Why: a running sum is sequential and rarely supported by accelerators. Unlike a product with a triangle of ones, sums give an
    infinity to no element in front of it: logarithms of zero among the data stay what they are.
    """

    name = "cum-sum-by-shifts"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = (*FLOATS, "int32", "int64")
    fixes = (FixRule("CumSum"),)
    before = "y = CumSum(x, axis)"
    after = """p = Pad<pads = [0, 1, 0, 0]>(x)
               m = Slice<starts = [0], ends = [length], axes = [1]>(p)
               y = Add(x, m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 4] y) <int64 a = {{1}}> {{ y = CumSum(x, a) }}""",
            ops=("Pad", "Slice", "Add", "Pad", "Slice", "Add"),
        ),
        Case(
            f"""{HEAD} (float[2, 3, N] x) => (float[2, 3, N] y) <int64[1] a = {{-2}}> {{
                 y = CumSum<exclusive = 1, reverse = 1>(x, a) }}""",
            ops=("Pad", "Slice", "Pad", "Slice", "Add", "Pad", "Slice", "Add"),
        ),
        Case(
            f"""{HEAD} (int64[1] x) => (int64[1] y) <int32 a = {{0}}> {{ y = CumSum(x, a) }}""",
            ops=("Identity",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[3, N] x) => (float[3, N] y) <int64 a = {{1}}> {{ y = CumSum(x, a) }}""",
            because="dim 1 of `x` is not fixed",
        ),
        Case(
            f"""{HEAD} (float[2, 3] x, int64 a) => (float[2, 3] y) {{ y = CumSum(x, a) }}""",
            because="the axis `a` is not known",
        ),
        Case(
            f"""{HEAD} (float[5000] x) => (float[5000] y) <int64 a = {{0}}> {{ y = CumSum(x, a) }}""",
            because="dim 0 of `x` has 5000 elements, over 4096",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        found = summed_axis(draft)
        if isinstance(found, str):
            return found
        axis, size, rank = found
        if size > MOST:
            return f"dim {axis} of `{draft.node.inputs[0].name}` has {size} elements, over {MOST}"
        reverse = bool(draft.attribute("reverse", 0))

        def moved(value: str, by: int) -> str:
            """Return the data moved along the axis, with zeros where nothing moves to."""
            pads = [0] * (2 * rank)
            pads[axis + (rank if reverse else 0)] = by
            first = by if reverse else 0
            return draft.op("Slice", draft.op("Pad", value, pads=pads), starts=[first], ends=[first + size], axes=[axis])

        total, step = moved(draft.inputs[0], 1) if draft.attribute("exclusive", 0) else draft.inputs[0], 1
        while step < size:
            total = draft.op("Add", total, moved(total, step))
            step *= 2
        draft.give(total)
        return None
