"""Where(c, x, s) = Where(c, x, [s]): a scalar as a vector of one element, which is spread alike."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class VectorWhere(BuiltRewrite):
    """Give Where its scalars as vectors of one element.

    Why: some compilers spread a vector of one element over the other operand, and a scalar not for every dtype.
    """

    name = "vector-where"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("Where", kinds=("dtype", "rank", "form", "attribute", "wrong")),)
    before = "y = Where(c, x, s)"
    after = "y = Where(c, x, Reshape(s, [1]))"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[N, 3] c, int64[N, 3] x) => (int64[N, 3] y) <int64 s = {7}> {
                 y = Where(c, x, s) }""",
            ops=("Where",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[N, 3] c, float s) => (float[N, 3] y) <float z = {-1}> {
                 y = Where(c, s, z) }""",
            ops=("Reshape", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (bool[3] c, float[3] x, float[1] s) => (float[3] y) {
                 y = Where(c, x, s) }"""),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool c, float x, float s) => (float y) { y = Where(c, x, s) }""",
            because="its result is a scalar as well",
        ),
    )  # fmt: skip

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shapes = [draft.shape(index) for index in range(3)]
        scalars = [index for index, shape in enumerate(shapes) if shape == ()]
        if not scalars:
            return ""
        if not any(shapes):
            return "its result is a scalar as well"
        operands = list(draft.inputs)
        for index in scalars:
            known = draft.known(index)
            operands[index] = (
                draft.reshape(draft.inputs[index], [1]) if known is None else draft.constant(known.reshape(1), known.dtype)
            )
        draft.give(draft.op("Where", *operands))
        return None
