"""f(x) = f(x as a row)[0], for a vector x and an operator that works along one axis."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

ALONG = ("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin")


class LiftVector(BuiltRewrite):
    """Apply Softmax or ArgMax of a vector to a matrix with one row.

    Why: a compiler may reject the operator on a tensor of rank 1 and support it along the last axis of a matrix.
    """

    name = "lift-vector"
    safety = Safety.EXACT
    needs_opset = 7
    ops = ALONG
    fixes = tuple(FixRule(op, kinds=("rank",)) for op in ALONG)
    before = "y = Softmax(x)"
    after = """row = Unsqueeze<axes = [0]>(x)
               made = Softmax<axis = 1>(row)
               y = Squeeze<axes = [0]>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[9] x) => (float[9] y) { y = Softmax(x) }""",
            ops=("Unsqueeze", "Softmax", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[N] x) => (int64[1] y) { y = ArgMax(x) }""",
            ops=("Unsqueeze", "ArgMax", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3, 4] x) => (float[3, 4] y) { y = Softmax(x) }""",
            because="`x` is not a vector",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if len(draft.shape() or ()) != 1:
            return f"`{draft.node.inputs[0].name}` is not a vector"
        row = draft.op("Unsqueeze", draft.inputs[0], axes=[0])
        made = draft.op(draft.node.op, row, **{**draft.node.attrs, "axis": 1})
        draft.give(draft.op("Squeeze", made, axes=[0]))
        return None
