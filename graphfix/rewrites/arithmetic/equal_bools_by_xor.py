"""Equal(a, b) = Not(Xor(a, b)) for booleans."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class EqualBoolsByXor(NodeRewrite):
    """Compare two booleans by Xor and Not.

    Why: masks are compared with Equal, and some compilers compare numbers only.
    """

    name = "equal-bools-by-xor"
    safety = Safety.EXACT
    needs_opset = 7
    dtypes = ("bool",)
    fixes = (FixRule("Equal", kinds=("dtype", "operand", "form")), FixRule("Equal", codes=("GF301",)))
    before = "y = Equal(a, b)"
    after = """differ = Xor(a, b)
               y = Not(differ)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[N, 3] a, bool[3] b) => (bool[N, 3] y) { y = Equal(a, b) }""",
            ops=("Xor", "Not"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[2] x) => (bool[2] y) <float zero = {0}, bool no = {0}> {
                 p = Greater(x, zero)
                 y = Equal(p, no) }""",
            ops=("Greater", "Xor", "Not"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int64[3] a, int64[3] b) => (bool[3] y) { y = Equal(a, b) }""",
            because="`a` is int64, not bool",
        ),
    )
