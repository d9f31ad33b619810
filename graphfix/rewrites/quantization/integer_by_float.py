"""MatMulInteger(a, b) = Cast<int32>(MatMul(float(a - za), float(b - zb))), while every sum is a whole number below 2^24."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.quantization.numerics import WHOLE, Array, largest_sum
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST = 255
"""The greatest difference of a number of 8 bits and its zero point."""
LARGEST = MOST * MOST
"""The greatest product of two such differences."""


class IntegerByFloat(BuiltRewrite):
    """Multiply whole numbers of 8 bits as floats, where no sum can grow beyond what floats hold exactly.

    Why: products of integers are one instruction set's; compilers without them multiply floats. Up to 258 terms,
    and as many more as constant weights allow, the result is the same to the last bit.
    """

    name = "integer-by-float"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("MatMulInteger"), FixRule("ConvInteger"))
    ops = ("ConvInteger",)
    dtypes = ("uint8", "int8")
    before = "y = MatMulInteger(a, b, za, zb)"
    after = """fa = Cast<to = 1>(a)
               fb = Cast<to = 1>(b)
               m = MatMul(fa, fb)
               y = Cast<to = 6>(m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 3] a, int8[3, 2] b, uint8 z) => (int32[N, 2] y) {
                 y = MatMulInteger(a, b, z) }""",
            ops=("Cast", "Cast", "Cast", "Sub", "MatMul", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 10]> g (uint8[1, 1, 4, 4] x) => (int32[1, 2, 2, 2] y)
               <uint8[2, 1, 3, 3] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1}, uint8 z = {3}> {
                 y = ConvInteger(x, w, z, z) }""",
            ops=("*",),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 300] a) => (int32[N, 1] y)
               <int8[300, 1] w = {{{", ".join(str(i % 7 - 3) for i in range(300))}}}, uint8 z = {{128}}> {{
                 y = MatMulInteger(a, w, z) }}""",
            ops=("Cast", "Sub", "MatMul", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 300] a, int8[300, 2] b) => (int32[N, 2] y) {
                 y = MatMulInteger(a, b) }""",
            because="sums of 300 products may exceed what floats hold exactly",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 3] x, int8[3, 2] b) => (int32[N, 2] y) {
                 q, s, z = DynamicQuantizeLinear(x)
                 y = MatMulInteger(q, b, z) }""",
            because="its input is quantised in this graph, and is rewritten together with that",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        maker = draft.node.inputs[0].inputs
        if maker and maker[0].op in ("DynamicQuantizeLinear", "QuantizeLinear"):
            return "its input is quantised in this graph, and is rewritten together with that"
        weight = draft.shape(1)
        conv = draft.node.op == "ConvInteger"
        terms = None if weight is None else (weight[1:] if conv else weight[-2:][:1])
        if terms is None or not all(isinstance(dim, int) for dim in terms):
            return "how many products it sums is not known"
        if any(draft.has(place) and draft.shape(place) not in ((), (1,)) for place in (2, 3)):
            return "it has several zero points"
        count = int(np.prod([int(dim) for dim in terms if isinstance(dim, int)]))
        known = _known(draft, 1)
        summed = tuple(range(1, len(weight or ()))) if conv else (-2 if len(weight or ()) > 1 else -1,)
        if (count * LARGEST if known is None else largest_sum(known, summed, MOST)) >= WHOLE:
            return f"sums of {count} products may exceed what floats hold exactly"
        attrs = dict(draft.node.attrs) if conv else {}
        made = draft.op("Conv" if conv else "MatMul", _shifted(draft, 0), _shifted(draft, 1), **attrs)
        draft.give(draft.cast(made, "int32"))
        return None


def _shifted(draft: ReplacementBuilder, place: int) -> str:
    """An operand less its zero point, as floats."""
    known, zero = _known(draft, place), draft.known(place + 2)
    if known is not None:
        return draft.constant(known.astype(np.float32))
    made = draft.cast(f"in{place}", "float32")
    if not draft.has(place + 2):
        return made
    if zero is not None:
        return draft.op("Sub", made, draft.constant(zero.astype(np.float32).reshape(())))
    return draft.op("Sub", made, draft.cast(f"in{place + 2}", "float32"))


def _known(draft: ReplacementBuilder, place: int) -> Array | None:
    """A constant operand less its zero point; None where either is computed."""
    known, zero = draft.known(place), draft.known(place + 2)
    if known is None or (zero is None and draft.has(place + 2)):
        return None
    return known.astype(np.int64) - (0 if zero is None else int(zero.reshape(())))
