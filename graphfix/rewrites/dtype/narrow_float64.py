"""f(x) ~ Cast<double>(f(Cast<float>(x))): a float64 operator computed in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from graphfix.rewrites.dtype.recast import recast_all
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class NarrowFloat64(GraphRewrite):
    """Compute a float64 operator in float32, and cast its result back.

    Why: accelerators do not support float64; models have it mostly through a framework's default. The result keeps
    about seven digits.
    """

    name = "narrow-float64"
    safety = Safety.APPROXIMATE
    needs_opset = 6
    rtol = 1e-4
    atol = 1e-5
    fixes = (FixRule("*", kinds=("dtype",)), FixRule("*", kinds=("wrong",), traits=("T", "T1", "T2", "T3")))
    before = "y = Exp(x)"
    after = """narrow = Cast<to = 1>(x)
               made = Exp(narrow)
               y = Cast<to = 11>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (double[N, 3] x) => (double[N, 3] y) {
                 h = Softmax(x)
                 y = Exp(h) }""",
            ops=("Cast", "Softmax", "Exp", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int64[2] i) => (double[2] y) <double[4] t = {0.1, 0.2, 0.3, 0.4}> {
                 y = Gather(t, i) }""",
            ops=("Gather", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Exp(x) }"""),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (double[3] y) { y = Cast<to = 11>(x) }"""),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        yield from recast_all(surgery, wanted, ("float64",), "float32")
