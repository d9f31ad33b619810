"""f(x) = f(x as a row)[0], for a vector x and an operator that works along one axis, and A v = A (v as a column)."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

ALONG = ("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin")


class LiftVector(BuiltRewrite):
    """Apply Softmax or ArgMax of a vector to a matrix with one row, and MatMul by a vector to a matrix of one row or column.

    Why: a compiler may reject the operator on a tensor of rank 1 and support it along the last axis of a matrix.
    """

    name = "lift-vector"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    ops = (*ALONG, "MatMul")
    fixes = tuple(FixRule(op, kinds=("rank",)) for op in ops)
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
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 4] x, float[4] v) => (float[N, 3] y) {
                 y = MatMul(x, v) }""",
            ops=("Unsqueeze", "MatMul", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4] v, float[2, 4, 3] w) => (float[2, 3] y) {
                 y = MatMul(v, w) }""",
            ops=("Unsqueeze", "MatMul", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3, 4] x) => (float[3, 4] y) { y = Softmax(x) }""",
            because="`x` is not a vector",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3, 4] x, float[4, 3] w) => (float[3, 3] y) {
                 y = MatMul(x, w) }""",
            because="neither `x` nor `w` is a vector",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.node.op == "MatMul":
            return _product(draft)
        if len(draft.shape() or ()) != 1:
            return f"`{draft.node.inputs[0].name}` is not a vector"
        row = draft.op("Unsqueeze", draft.inputs[0], axes=[0])
        made = draft.op(draft.node.op, row, **{**draft.node.attrs, "axis": 1})
        draft.give(draft.op("Squeeze", made, axes=[0]))
        return None


def _product(draft: ReplacementBuilder) -> str | None:
    """Write a vector on the left as a row, and one on the right as a column."""
    left, right = (len(shape) if shape is not None else 0 for shape in (draft.shape(0), draft.shape(1)))
    if 1 not in (left, right):
        return f"neither `{draft.node.inputs[0].name}` nor `{draft.node.inputs[1].name}` is a vector"
    row = draft.standing(draft.inputs[0], [0]) if left == 1 else draft.inputs[0]
    column = draft.standing(draft.inputs[1], [1]) if right == 1 else draft.inputs[1]
    axes = [*([-2] if left == 1 else []), *([-1] if right == 1 else [])]
    draft.give(draft.op("Squeeze", draft.op("MatMul", row, column), axes=axes))
    return None
