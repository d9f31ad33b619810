"""Softmax(x) = exp(x - m) / sum exp(x - m), LogSoftmax(x) = x - m - log(sum exp(x - m)), m the maximum on the axis."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeSoftmax(BuiltRewrite):
    """Write Softmax and LogSoftmax as a maximum, an exponential and a sum.

    Why: some compilers support them on the last axis only, or not for float64. Before opset 13 the axis and all after
    it are flattened.
    """

    name = "decompose-softmax"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 32
    dtypes = FLOATS
    ops = ("LogSoftmax",)
    fixes = (FixRule("Softmax"), FixRule("LogSoftmax"))
    before = "y = Softmax(x)"
    after = """top = ReduceMax<axes = [-1]>(x)
               below = Sub(x, top)
               power = Exp(below)
               sum = ReduceSum<axes = [-1]>(power)
               y = Div(power, sum)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 5, 3] x) => (float[N, 5, 3] y) {
                 y = Softmax<axis = 1>(x) }""",
            ops=("ReduceMax", "Sub", "Exp", "ReduceSum", "Div"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 5] x) => (float[N, 5] y) { y = LogSoftmax(x) }""",
            ops=("ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Sub"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2, 5, 3] x) => (float[2, 5, 3] y) { y = Softmax(x) }""",
            ops=("ReduceMax", "Sub", "Exp", "ReduceSum", "Div"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[] x) => (float[] y) { y = Softmax(x) }""",
            because="the rank of `x` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        modern, x = draft.surgery.opset >= 13, draft.inputs[0]
        axes = [int(draft.attribute("axis", -1 if modern else 1))]
        if not modern:
            rank = len(draft.shape() or ())
            if not rank:
                return f"the rank of `{draft.node.inputs[0].name}` is unknown"
            axes = list(range(axes[0] % rank if axes[0] < rank else rank - 1, rank))
        below = draft.op("Sub", x, draft.op("ReduceMax", x, axes=axes, keepdims=1))
        power = draft.op("Exp", below)
        total = draft.op("ReduceSum", power, axes=axes, keepdims=1)
        if draft.node.op == "LogSoftmax":
            draft.give(draft.op("Sub", below, draft.op("Log", total)))
        else:
            draft.give(draft.op("Div", power, total))
        return None
