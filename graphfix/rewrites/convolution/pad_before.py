"""Conv<pads = [0, 1]>(x, w) = Conv(Pad<[0, 1]>(x), w), and a pool likewise, padded with its neutral value."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.convolution.windows import lowest, padded
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class PadBefore(BuiltRewrite):
    """Pad the input of a convolution or pool by a separate Pad.

    Why: compilers that support symmetric pads only, or none in LpPool, support a separate Pad.
    """

    name = "pad-before"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = tuple(FixRule(op, kinds=("attribute", "wrong", "rank")) for op in ("Conv", "MaxPool", "AveragePool", "LpPool"))
    ops = ("MaxPool", "AveragePool", "LpPool")
    dtypes = ("float32", "float16", "float64")
    before = "y = Conv<pads = [0, 0, 1, 1]>(x, w)"
    after = """wide = Pad(x, pads)
               y = Conv(wide, w)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A, B] x) => (float[N, 1, C, D] y)
               <float[1, 1, 2, 2] w = {1, 2, 3, 4}> { y = Conv<pads = [0, 1, 1, 0]>(x, w) }""",
            ops=("Pad", "Conv"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A] x) => (float[N, 1, B] y) {
                 y = MaxPool<kernel_shape = [3], pads = [0, 2], strides = [2]>(x) }""",
            ops=("Pad", "MaxPool"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A] x) => (float[N, 1, B] y) {
                 y = AveragePool<kernel_shape = [3], pads = [2, 0], count_include_pad = 1>(x) }""",
            ops=("Pad", "AveragePool"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A] x) => (float[N, 1, B] y) {
                 y = AveragePool<kernel_shape = [3], pads = [2, 0]>(x) }""",
            because="its mean leaves pads out of the count",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A] x) => (float[N, 1, B] y) {
                 y = MaxPool<kernel_shape = [3], auto_pad = "SAME_UPPER">(x) }""",
            because="its pads are not numbers",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A] x) => (float[N, 1, B] y) {
                 y = MaxPool<kernel_shape = [3]>(x) }""",
            because="it pads nothing",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
            return "its pads are not numbers"
        pads = list(draft.attribute("pads") or [])
        if not any(pads) or draft.attribute("auto_pad", "NOTSET") == "VALID":
            return "it pads nothing"
        pool = draft.node.op != "Conv"
        if draft.node.op == "AveragePool" and not draft.attribute("count_include_pad", 0):
            return "its mean leaves pads out of the count"
        if draft.attribute("ceil_mode", 0):
            return "rounding up, it may reach beyond its pads"
        if pool and draft.wants(1):
            return "the places of its maxima are counted without pads"
        half = len(pads) // 2
        x = padded(draft, "in0", pads[:half], pads[half:], lowest(draft) if draft.node.op == "MaxPool" else 0.0)
        attrs = {name: value for name, value in draft.node.attrs.items() if name not in ("pads", "auto_pad")}
        draft.give(draft.op(draft.node.op, x, *draft.inputs[1:], **attrs))
        return None
