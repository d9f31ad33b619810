"""f(x) ~ Cast<float16>(f(Cast<float32>(x))): a half-precision operator computed in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from graphfix.rewrites.dtype.recast import recast_all
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

NARROW = ("float16", "bfloat16")


class WidenFloat16(GraphRewrite):
    """Compute a float16 or bfloat16 operator in float32, and cast its result back.

    Why: compilers support float32 everywhere and narrow it themselves where a device needs that; models cast by hand
    use half precision in operators that are supported in float32 only. Casts there and back are removed, and with them
    their rounding.
    """

    name = "widen-float16"
    safety = Safety.APPROXIMATE
    needs_opset = 6
    rtol = 1e-2
    atol = 1e-2
    fixes = (FixRule("*", kinds=("dtype",)),)
    before = "y = Exp(x)"
    after = """wide = Cast<to = 1>(x)
               made = Exp(wide)
               y = Cast<to = 10>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float16[N, 3] x) => (float16[N, 3] y) {
                 h = Softmax(x)
                 y = Tanh(h) }""",
            ops=("Cast", "Softmax", "Tanh", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float16[2] x) => (float[2] y)
               <float[2] v = {1.5, 2}> {
                 w = Cast<to = 10>(v)
                 h = Mul(x, w)
                 y = Cast<to = 1>(h) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) {
                 a = Cast<to = 16>(x)
                 b = Neg(a)
                 c = Relu(b)
                 y = Cast<to = 1>(c) }""",
            ops=("Neg", "Relu", "Identity"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Exp(x) }"""),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float16[3] x) => (float[3] y) { y = Cast<to = 1>(x) }"""),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        yield from recast_all(surgery, wanted, NARROW, "float32")
