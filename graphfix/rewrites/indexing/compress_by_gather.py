"""Compress(x, m, axis) = Gather(x, NonZero(m), axis): the entries at which a mask is true, by their places."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class CompressByGather(BuiltRewrite):
    """Write Compress as a Gather of the places at which its mask is true.

    Why: few compilers have Compress, and more of them NonZero and Gather. A mask that is shorter than the axis selects among
    the first entries only, as in Compress.
    """

    name = "compress-by-gather"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("Compress"),)
    before = "y = Compress<axis = 1>(x, m)"
    after = """n = NonZero(m)
               i = Reshape(n, [-1])
               y = Gather<axis = 1>(x, i)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 5, N] x, bool[4] m) => (float[2, K, N] y) {
                 y = Compress<axis = -2>(x, m) }""",
            ops=("NonZero", "Reshape", "Gather"),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 9]> g (int32[2, 3] x, bool[6] m) => (int32[K] y) { y = Compress(x, m) }""",
            ops=("Reshape", "NonZero", "Reshape", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (int64[1, K] y) { y = NonZero(x) }"""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        axis = draft.attribute("axis")
        data = draft.reshape(draft.inputs[0], [-1]) if axis is None else draft.inputs[0]
        places = draft.reshape(draft.op("NonZero", draft.inputs[1]), [-1])
        draft.give(draft.op("Gather", data, places, axis=axis or 0))
        return None
