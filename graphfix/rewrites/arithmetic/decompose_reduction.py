"""ReduceL1 = sum |x|, ReduceL2 = sqrt(sum x^2), ReduceSumSquare = sum x^2, ReduceLogSum = log(sum x).

ReduceLogSumExp(x) = log(sum exp(x)) = m + log(sum exp(x - m)) with m the maximum: the second form never overflows.
"""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

KINDS = ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")


class DecomposeReduction(BuiltRewrite):
    """Write the less common reductions as ReduceSum with elementwise operators before and after it.

    Why: every compiler supports ReduceSum, whose axes may be an operand from opset 13 on; of the others some are rejected
    and some have wrong numerics.
    """

    name = "decompose-reduction"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 32
    differs_at = ("inf",)
    ops = KINDS
    fixes = tuple(FixRule(op) for op in KINDS)
    before = "y = ReduceL2(x, axes)"
    after = """square = Mul(x, x)
               sum = ReduceSum(square, axes)
               y = Sqrt(sum)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float[N] y) {
                 y = ReduceL2<axes = [1], keepdims = 0>(x) }""",
            ops=("Mul", "ReduceSum", "Sqrt"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3] x, int64[1] r) => (float[A, B] y) {
                 m = Min(r, r)
                 s = Sub(m, r)
                 y = ReduceL1(x, s) }""",
            ops=("Min", "Abs", "Sub", "ReduceSum"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[N, 3] x) => (float[N, 1] y) <float k = {90}, int64[1] a = {-1}> {
                 h = Mul(x, k)
                 y = ReduceLogSumExp(h, a) }""",
            ops=("Mul", "ReduceMax", "Sub", "Exp", "ReduceSum", "Log", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (int32[N, 3] x) => (int32 y) {
                 y = ReduceSumSquare<keepdims = 0>(x) }""",
            ops=("Mul", "ReduceSum"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x) => (float[1, 3] y) {
                 size = Abs(x)
                 y = ReduceLogSum<axes = [0]>(size) }""",
            ops=("Abs", "ReduceSum", "Log"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (int32[3] x) => (int32[1] y) { y = ReduceL2(x) }""",
            because="`x` is int32, of which there is no root or logarithm",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (bfloat16[3] x) => (bfloat16[1] y) { y = ReduceL1(x) }""",
            because="`x` is bfloat16",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, dtype, x = draft.node.op, draft.dtype(), draft.inputs[0]
        if dtype not in (*FLOATS, "int32", "int64"):
            return f"`{draft.node.inputs[0].name}` is {dtype or 'of unknown dtype'}"
        if dtype not in FLOATS and op not in ("ReduceL1", "ReduceSumSquare"):
            return f"`{draft.node.inputs[0].name}` is {dtype}, of which there is no root or logarithm"
        if op == "ReduceLogSumExp":
            kept = int(draft.attribute("keepdims", 1))
            top = self._reduced(draft, "ReduceMax", x, 1)
            power = draft.op("Exp", draft.op("Sub", x, top))
            log = draft.op("Log", self._reduced(draft, "ReduceSum", power, kept))
            draft.give(draft.op("Add", log, top if kept else self._reduced(draft, "ReduceMax", x, 0)))
            return None
        if op != "ReduceLogSum":
            x = draft.op("Abs", x) if op == "ReduceL1" else draft.op("Mul", x, x)
        total = self._reduced(draft, "ReduceSum", x, int(draft.attribute("keepdims", 1)))
        after = {"ReduceL2": "Sqrt", "ReduceLogSum": "Log"}.get(op)
        draft.give(draft.op(after, total) if after else total)
        return None

    def _reduced(self, draft: ReplacementBuilder, op: str, x: str, kept: int) -> str:
        """Return the value reduced over the node's axes, whether they are an attribute or an operand."""
        given: dict[str, Any] = {
            name: draft.attribute(name) for name in ("axes", "noop_with_empty_axes") if draft.attribute(name)
        }
        operands = [x] + ([draft.inputs[1]] if draft.has(1) else [])
        return draft.op(op, *operands, keepdims=kept, **given)
