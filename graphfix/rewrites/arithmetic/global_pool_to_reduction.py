"""GlobalAveragePool(x) = ReduceMean<axes = [2, 3]>(x), and likewise a pool whose only window is all of x."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class GlobalPoolToReduction(BuiltRewrite):
    """Write global pooling as a mean or a maximum over the spatial axes.

    Why: compilers that support only 2-D pooling, or need a fixed kernel size, support reductions over any axes.
    """

    name = "global-pool-to-reduction"
    safety = Safety.EXACT
    ulps = 256
    differs_at = ("nan",)
    ops = ("GlobalMaxPool", "AveragePool", "MaxPool")
    fixes = tuple(FixRule(op) for op in ("GlobalAveragePool", "GlobalMaxPool", "AveragePool", "MaxPool"))
    before = "y = GlobalAveragePool(x)"
    after = "y = ReduceMean<axes = [2, 3]>(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, H, W] x) => (float[N, 3, 1, 1] y) {
                 y = GlobalAveragePool(x) }""",
            ops=("ReduceMean",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3, D, H, W] x) => (float[N, 3, 1, 1, 1] y) {
                 y = GlobalMaxPool(x) }""",
            ops=("ReduceMax",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 4, 5] x) => (float[N, 3, 1, 1] y) {
                 y = MaxPool<kernel_shape = [4, 5], strides = [4, 5]>(x) }""",
            ops=("ReduceMax",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 4, 5] x) => (float[N, 3, A, B] y) {
                 y = AveragePool<kernel_shape = [2, 5]>(x) }""",
            because="its window is not all of `x`",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 4] x) => (float[N, 3, A] y, int64[N, 3, A] i) {
                 y, i = MaxPool<kernel_shape = [4]>(x) }""",
            because="its indices are used",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        if draft.wants(1):
            return "its indices are used"
        if not draft.node.op.startswith("Global"):
            padded = any(draft.attribute("pads", ())) or draft.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID")
            if (
                padded
                or list(draft.attribute("kernel_shape", ())) != list(dims[2:])
                or set(draft.attribute("dilations", ())) - {1}
            ):
                return f"its window is not all of `{draft.node.inputs[0].name}`"
        op = "ReduceMax" if draft.node.op.endswith("MaxPool") else "ReduceMean"
        draft.give(draft.op(op, "in0", axes=list(range(2, len(dims))), keepdims=1))
        return None
