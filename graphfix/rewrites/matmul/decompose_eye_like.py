"""EyeLike<k>(x) = 1 where column - row = k, else 0, of x's dims."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.ir.dtypes import CODES, NAMES
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeEyeLike(BuiltRewrite):
    """Write EyeLike as a constant where the dims are fixed, else as the comparison of two ranges.

    Why: the result depends only on the operand's dims, and compilers reject the operator for some dtypes or dynamic dims.
    """

    name = "decompose-eye-like"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("EyeLike"),)
    before = "y = EyeLike(x)"
    after = """diagonal = Equal(rows, columns)
               y = Cast<to = 1>(diagonal)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3, 4] x) => (float[3, 4] y) {
                 eye = EyeLike<k = 1>(x)
                 y = Mul(x, eye) }""",
            ops=("Constant", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, M] x) => (int64[N, M] y) {
                 y = EyeLike<k = -1, dtype = 7>(x) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 13]> g (float[3, 3] x) => (float[3, 3] y) { y = Neg(x) }"""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, code, k = draft.fixed(), draft.attribute("dtype"), int(draft.attribute("k", 0))
        dtype = NAMES[int(code)] if code is not None else draft.dtype()
        if dtype not in CODES or dtype in ("", "bfloat16"):
            return f"its dtype is {dtype or 'unknown'}"
        if dims is not None:
            draft.fold(np.eye(dims[0], dims[1], k, np.dtype(dtype)))
            return None
        sizes = draft.op("Shape", draft.inputs[0])
        zero, one, shift = draft.constant(0), draft.constant(1), draft.constant(k)
        rows, columns = (draft.op("Range", zero, draft.op("Gather", sizes, draft.constant(i), axis=0), one) for i in range(2))
        diagonal = draft.op("Equal", draft.op("Unsqueeze", draft.op("Add", rows, shift), axes=[1]), columns)
        draft.give(draft.cast(diagonal, dtype))
        return None
