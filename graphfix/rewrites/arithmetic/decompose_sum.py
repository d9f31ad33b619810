"""Sum(a, b, c) = Add(Add(a, b), c), Mean the same divided by the count, Max and Min two at a time."""

from __future__ import annotations

import functools
from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

PAIRS = {"Sum": "Add", "Mean": "Add", "Max": "Max", "Min": "Min"}
"""The operator that combines two operands of each variadic operator."""


class DecomposeSum(BuiltRewrite):
    """Write Sum, Mean, Max and Min of any number of operands as a chain of operators with two operands.

    Why: compilers support two operands, broadcast as Add broadcasts; some reject one operand, or more than two.
    """

    name = "decompose-sum"
    safety = Safety.EXACT
    needs_opset = 6
    ulps = 16
    ops = ("Mean", "Max", "Min")
    fixes = tuple(FixRule(op) for op in PAIRS)
    before = "y = Sum(a, b, c)"
    after = """two = Add(a, b)
               y = Add(two, c)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] a, float[3] b, float[1] c) => (float[N, 3] y) {
                 y = Sum(a, b, c) }""",
            ops=("Add", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 8]> g (float[N, 3] a, float[3] b, float c) => (float[N, 3] y) {
                 y = Mean(a, b, c) }""",
            ops=("Add", "Add", "Div"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (int64[N, 3] a, int64[3] b, int64[1] c) => (int64[N, 3] y) {
                 y = Max(a, b, c, c) }""",
            ops=("Max", "Max", "Max"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 12]> g (float[N, 3] a) => (float[N, 3] y) {
                 m = Min(a)
                 y = Neg(m) }""",
            ops=("Identity", "Neg"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3] a, float[3] b) => (float[3] y) { y = Max(a, b) }""",
            because="it has two operands already",
        ),
        Case(
            """<ir_version: 3, opset_import: ["" : 6]> g (float[3] a, float[3] b) => (float[3] y) { y = Mean(a, b) }""",
            because="opset 6 divides by no scalar",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        op, operands = draft.node.op, draft.inputs
        if len(operands) == 2 and PAIRS[op] == op:
            return "it has two operands already"
        if op == "Mean" and draft.surgery.opset < 7:
            return f"opset {draft.surgery.opset} divides by no scalar"
        total = functools.reduce(lambda one, other: draft.op(PAIRS[op], one, other), operands)
        if op == "Mean" and len(operands) > 1:
            total = draft.op("Div", total, draft.number(len(operands)))
        draft.give(total)
        return None
