"""MaxPool<kernel_shape = [h, w]>(x) = MaxPool<kernel_shape = [1, w]>(MaxPool<kernel_shape = [h, 1]>(x)): one axis at a time."""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class PoolByAxes(BuiltRewrite):
    """Write a pool as one pool for each spatial axis.

    Why: a compiler may limit the number of elements of a window. A maximum is the maximum of maxima, and a mean the mean of
    means, also at the borders: how many elements of a window count is the product of how many count along each axis.
    """

    name = "pool-by-axes"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 256
    dtypes = FLOATS
    differs_at = ("nan", "inf")
    ops = ("AveragePool",)
    fixes = tuple(FixRule(op, traits=("window",)) for op in ("MaxPool", "AveragePool"))
    before = "y = MaxPool<kernel_shape = [20, 30]>(x)"
    after = """rows = MaxPool<kernel_shape = [20, 1]>(x)
               y = MaxPool<kernel_shape = [1, 30]>(rows)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 9, 7] x) => (float[N, 3, 4, 5] y) {
                 y = MaxPool<kernel_shape = [4, 3], strides = [2, 1], pads = [1, 0, 0, 0]>(x) }""",
            ops=("MaxPool", "MaxPool"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 9, 8] x) => (float[1, 2, 5, 4] y) {
                 y = AveragePool<kernel_shape = [3, 5], strides = [2, 2], pads = [1, 2, 1, 1]>(x) }""",
            ops=("AveragePool", "AveragePool"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[1, 2, 6, 7, 8] x) => (float[1, 2, A, B, C] y) {
                 y = AveragePool<kernel_shape = [3, 1, 4], strides = [2, 2, 3], dilations = [1, 1, 2], count_include_pad = 1,
                                 pads = [1, 0, 0, 1, 0, 1], ceil_mode = 1>(x) }""",
            ops=("AveragePool", "AveragePool", "AveragePool"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (float[1, 2, H, W] x) => (float[1, 2, A, B] y) {
                 y = MaxPool<kernel_shape = [3, 2], dilations = [2, 1], auto_pad = "SAME_LOWER">(x) }""",
            ops=("MaxPool", "MaxPool"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 9, 7] x) => (float[1, 2, 3, 7] y) {
                 y = MaxPool<kernel_shape = [3, 1], strides = [3, 1]>(x) }""",
            because="its window has one axis only",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 9, 7] x) => (float[1, 2, 7, 5] y, int64[1, 2, 7, 5] i) {
                 y, i = MaxPool<kernel_shape = [3, 3]>(x) }""",
            because="its indices are used",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.wants(1):
            return "its indices are used"
        kernel = [int(size) for size in draft.attribute("kernel_shape")]
        strides = list(draft.attribute("strides") or [1] * len(kernel))
        axes = [axis for axis, size in enumerate(kernel) if size > 1 or strides[axis] > 1]
        if sum(kernel[axis] > 1 for axis in axes) < 2:
            return "its window has one axis only"
        x = draft.inputs[0]
        for axis in axes:
            x = draft.op(draft.node.op, x, **_alone(draft.node.attrs, axis, len(kernel)))
        draft.give(x)
        return None


def _alone(attrs: Any, axis: int, count: int) -> dict[str, Any]:
    """Return the attributes of the pool along one axis; along the others it takes each element by itself."""
    made = dict(attrs)
    made.pop("storage_order", None)
    for name in ("kernel_shape", "strides", "dilations"):
        if name in attrs:
            made[name] = [attrs[name][axis] if place == axis else 1 for place in range(count)]
    if "pads" in attrs:
        made["pads"] = [pad if place % count == axis else 0 for place, pad in enumerate(attrs["pads"])]
    return made
