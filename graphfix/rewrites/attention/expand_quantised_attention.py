"""QAttention(x, w, b) = MultiHeadAttention(q, k, v), [q, k, v] = (x - xz) xs (w - wz) ws + b."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.attention.scaled_dot_product import packed_state, unpacked_state
from graphfix.rewrites.quantization.numerics import dequantised
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""
WEIGHTS = """int8[2, 6] w = {1, -2, 3, 4, -5, 60, 7, 8, -90, 10, 11, 12}, float[6] b = {0, 0.5, 1, -1, 0.25, 0},
                float ws = {0.02}, uint8 z = {120}"""
DOMAIN = "com.microsoft"


class ExpandQuantisedAttention(BuiltRewrite):
    """Write onnxruntime's QAttention as a product and its MultiHeadAttention.

    Why: a transformer quantised by onnxruntime has one in every layer. What is left of it are the operators of any quantised
    layer and of any fused attention, which other rewrites write out: whole numbers that are quantised while running are
    multiplied as such, others are read back to floats first.
    """

    name = "expand-quantised-attention"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    dtypes = ("int8", "uint8")
    fixes = (FixRule("QAttention"),)
    before = "y = com.microsoft.QAttention<num_heads = 2>(x, w, b, xs, ws, m, xz, wz)"
    after = """floats = DequantizeLinear(x, xs, xz)
               product = MatMul(floats, fw)
               line = Add(product, b)
               q, k, v = Split<axis = 2>(line)
               y = com.microsoft.MultiHeadAttention<num_heads = 2>(q, k, v, , m)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[N, 3, 2] x) => (float[N, 3, 2] y) <{WEIGHTS}, float xs = {{0.05}}> {{
                 y = com.microsoft.QAttention<num_heads = 2, unidirectional = 1>(x, w, b, xs, ws, , z) }}""",
            ops=("DequantizeLinear", "MatMul", "Add", "Split", "MultiHeadAttention"),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 2] x, int32[N, 3] m) => (float[N, 3, 2] y) <{WEIGHTS}, int8 wz = {{3}}> {{
                 q, s, zq = DynamicQuantizeLinear(x)
                 y = com.microsoft.QAttention<num_heads = 1>(q, w, b, s, ws, m, zq, wz) }}""",
            ops=("DynamicQuantizeLinear", "MatMulInteger", "Mul", "Cast", "Mul", "Add", "Split", "MultiHeadAttention"),
        ),
        Case(
            f"""{HEAD} (uint8[2, 3, 2] x, float[2, 2, 1, 5, 2] p) => (float[2, 3, 2] y, float[2, 2, 1, 8, 2] n)
               <{WEIGHTS}, float xs = {{0.05}}, int8 wz = {{3}}> {{
                 y, n = com.microsoft.QAttention<num_heads = 1, unidirectional = 1>(x, w, b, xs, ws, , z, wz, p) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[1, 3, 4] x, int8[4, W] w, float[W] b) => (float[1, 3, 4] y)
               <float xs = {{0.05}}, float ws = {{0.02}}, uint8 z = {{120}}> {{
                 y = com.microsoft.QAttention<num_heads = 2>(x, w, b, xs, ws, , z) }}""",
            because="the width of `w` is not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if draft.attribute("do_rotary", 0):
            return "its rotary positions are not written out"
        dims = draft.shape(1)
        if dims is None or len(dims) != 2 or not isinstance(dims[1], int):
            return f"the width of `{draft.node.inputs[1].name}` is not fixed"
        line = draft.op("Add", _product(draft), draft.inputs[2])
        parts = draft.ops("Split", 3, line, axis=2, split=[dims[1] // 3] * 3)
        mask = ["", draft.inputs[5]] if draft.has(5) else []
        kept = ("num_heads", "unidirectional", "mask_filter_value", "scale")
        attrs = {name: value for name, value in draft.node.attrs.items() if name in kept}
        if not draft.has(8) and not draft.wants(1):
            draft.give(draft.op("MultiHeadAttention", *parts, *mask, domain=DOMAIN, **attrs))
            return None
        past = [*(mask or ["", ""]), "", *unpacked_state(draft, 8)] if draft.has(8) else mask
        made = draft.ops("MultiHeadAttention", 3, *parts, *past, domain=DOMAIN, **attrs)
        draft.give(made[0])
        draft.give(packed_state(draft, made[1], made[2]), 1)
        return None


def _product(draft: ReplacementBuilder) -> str:
    """Return the product of input and weight as floats, without the bias."""
    makers, weight = draft.node.inputs[0].inputs, [draft.known(index) for index in (1, 4, 7)]
    dynamic = bool(makers) and makers[0].op == "DynamicQuantizeLinear"
    if not dynamic and weight[0] is not None and weight[1] is not None and (weight[2] is not None or not draft.has(7)):
        zero = [draft.inputs[6]] if draft.has(6) else []
        floats = draft.op("DequantizeLinear", draft.inputs[0], draft.inputs[3], *zero)
        return draft.op("MatMul", floats, draft.constant(dequantised(weight[0], weight[1], weight[2], 1)))
    zeros = [draft.inputs[index] if draft.has(index) else "" for index in (6, 7)]
    while zeros and not zeros[-1]:
        zeros.pop()
    whole = draft.op("MatMulInteger", draft.inputs[0], draft.inputs[1], *zeros)
    scale = draft.op("Mul", draft.inputs[3], draft.inputs[4])
    return draft.op("Mul", draft.cast(whole, "float32"), scale)
