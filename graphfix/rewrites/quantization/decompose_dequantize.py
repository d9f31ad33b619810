"""DequantizeLinear(q, s, z) = (float(q) - float(z)) * s."""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

WHOLE = ("uint8", "int8", "uint16", "int16", "int32", "int4", "uint4", "int2", "uint2")


class DecomposeDequantize(BuiltRewrite):
    """Read quantised numbers back by a cast, a difference and a product.

    Why: compilers want scales and zero points as constants, one of each, or zero points of zero, or have no
    DequantizeLinear; casts and products they have for any.
    """

    name = "decompose-dequantize"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("DequantizeLinear"),)
    dtypes = WHOLE
    before = "y = DequantizeLinear(q, scale, zero)"
    after = """a = Cast<to = 1>(q)
               b = Cast<to = 1>(zero)
               c = Sub(a, b)
               y = Mul(c, scale)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (uint8[N, 3] q, float s, uint8 z) => (float[N, 3] y) {
                 y = DequantizeLinear(q, s, z) }""",
            ops=("Cast", "Cast", "Sub", "Mul"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (int8[2, 3, 2] q) => (float[2, 3, 2] y)
               <float[3] s = {0.5, 0.25, 2}, int8[3] z = {1, 0, -3}> { y = DequantizeLinear(q, s, z) }""",
            ops=("Cast", "Sub", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 21]> g (uint8[4, 2] q, float[2, 2] s) => (float[4, 2] y) {
                 y = DequantizeLinear<axis = 0, block_size = 2>(q, s) }""",
            because="it has a scale for each block",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4] x, float s, uint8 z) => (float[4] y) {
                 q = QuantizeLinear(x, s, z)
                 y = DequantizeLinear(q, s, z) }""",
            because="its input is quantised in this graph, and is rewritten together with that",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if _is_quantised_here(draft.node.inputs[0]):
            return "its input is quantised in this graph, and is rewritten together with that"
        shape, scales = draft.shape(), draft.shape(1)
        if shape is None or scales is None:
            return "the rank of its operands is unknown"
        if len(scales) > 1:
            return "it has a scale for each block"
        if draft.dtype(1) != "float32":
            return f"its scale is {draft.dtype(1) or 'of unknown dtype'}"
        axis = int(draft.attribute("axis", 1))
        spread = [-1 if place == axis % max(1, len(shape)) else 1 for place in range(len(shape))]
        several = len(scales) == 1 and scales != (1,) and len(shape) > 1
        made = draft.cast("in0", "float32")
        if draft.has(2):
            made = draft.op("Sub", made, self._operand(draft, 2, spread if several else None))
        draft.give(draft.op("Mul", made, self._operand(draft, 1, spread if several else None)))
        return None

    def _operand(self, draft: ReplacementBuilder, place: int, spread: list[int] | None) -> str:
        """A scale or zero point as floats that broadcast."""
        known = draft.known(place)
        if known is not None:
            array = known.astype("float32")
            return draft.constant(array.reshape(spread if spread is not None else []) if spread or array.size == 1 else array)
        name = draft.cast(f"in{place}", "float32") if place == 2 else f"in{place}"
        return name if spread is None else draft.reshape(name, spread)


def _is_quantised_here(tensor: Any) -> bool:
    """Whether a quantising operator makes a tensor, be it moved or pooled in between."""
    while tensor.inputs:
        node = tensor.inputs[0]
        if node.op in ("QuantizeLinear", "DynamicQuantizeLinear") or node.op.startswith("QLinear"):
            return True
        if not node.inputs:
            return False
        tensor = node.inputs[0]
    return False
