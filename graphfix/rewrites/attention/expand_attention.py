"""Attention(x, w, b) = softmax(q k' / sqrt(d) + mask) v over heads, q, k, v = x w + b; MultiHeadAttention reads the three."""

from __future__ import annotations

import math
from typing import ClassVar

from graphfix.rewrites.attention.scaled_dot_product import (
    AttentionSettings,
    Heads,
    packed_state,
    padding,
    triangle,
    with_packed_state,
)
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g"""


class ExpandAttention(BuiltRewrite):
    """Write onnxruntime's Attention and MultiHeadAttention as products, a softmax and transposes.

    Why: a transformer optimised by onnxruntime has one in every layer, and no other compiler supports it. Nodes with shared
    states or rotary positions stay fused.
    """

    name = "expand-attention"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    differs_at = ("nan", "inf")
    dtypes = ("float16", "float32")
    ops = ("MultiHeadAttention",)
    fixes = (FixRule("Attention"), FixRule("MultiHeadAttention"))
    before = "y = com.microsoft.Attention<num_heads = 2>(x, w, b)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[4, 12] w, float[12] b, int32[N, 3] m) => (float[N, 3, 4] y) {{
                 y = com.microsoft.Attention<num_heads = 2>(x, w, b, m) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[4, 12] w, float[12] b) => (float[N, 3, 4] y) {{
                 y = com.microsoft.Attention<num_heads = 2, unidirectional = 1>(x, w, b) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[4, 12] w, float[12] b, int32[N, 8] m, float[2, N, 2, 5, 2] p)
               => (float[N, 3, 4] y, float[2, N, 2, 8, 2] n) {{
                 y, n = com.microsoft.Attention<num_heads = 2, unidirectional = 1>(x, w, b, m, p) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[4, 12] w, float[12] b) => (float[N, 3, 4] y, float[2, N, 2, 3, 2] n) {{
                 y, n = com.microsoft.Attention<num_heads = 2>(x, w, b) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 4] q, float[N, L, 4] k, float[N, L, 6] v, float[14] b) => (float[N, 3, 6] y) {{
                 y = com.microsoft.MultiHeadAttention<num_heads = 2, scale = 0.25>(q, k, v, b) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 3, 4] q, float[N, 3, 4] k, float[N, 3, 4] v, float[N, 2, 5, 2] pk, float[N, 2, 5, 2] pv)
               => (float[N, 3, 4] y, float[N, 2, 8, 2] nk, float[N, 2, 8, 2] nv) {{
                 y, nk, nv = com.microsoft.MultiHeadAttention<num_heads = 2>(q, k, v, , , , pk, pv) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3, 4] x, float[4, 12] w, float[12] b, float[2, N, 2, 5, 2] p, int32[1] l)
               => (float[N, 3, 4] y, float[2, N, 2, 5, 2] n) {{
                 y, n = com.microsoft.Attention<num_heads = 2, past_present_share_buffer = 1>(x, w, b, , p, , l) }}""",
            because="its shared state is not written out",
        ),
        Case(
            f"""{HEAD} (float[N, S, 2, 3, 2] x) => (float[N, S, 4] y) {{
                 y = com.microsoft.MultiHeadAttention<num_heads = 2>(x) }}""",
            because="it packs query, key and value into one",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        return self._of_one(draft) if draft.node.op == "Attention" else self._of_three(draft)

    def _of_one(self, draft: ReplacementBuilder) -> str | None:
        heads, weight, dims = int(draft.attribute("num_heads")), draft.shape(1), draft.shape()
        if draft.has(6):
            return "its shared state is not written out"
        if draft.attribute("do_rotary", 0):
            return "its rotary positions are not written out"
        if weight is None or len(weight) != 2 or not isinstance(weight[1], int):
            return f"the width of `{draft.node.inputs[1].name}` is not fixed"
        sizes = [int(size) for size in draft.attribute("qkv_hidden_sizes", [weight[1] // 3] * 3)]
        line = draft.op("MatMul", draft.inputs[0], draft.inputs[1])
        if draft.has(2):
            line = draft.op("Add", line, draft.inputs[2])
        parts = draft.ops("Split", 3, line, axis=2, split=sizes)
        shapes = [Heads(heads, size // heads) for size in sizes]
        q, k, v = (shape.apart(draft, part) for shape, part in zip(shapes, parts, strict=True))
        rows = columns = dims[1] if dims is not None and len(dims) == 3 else None
        if draft.has(4):
            k, v = with_packed_state(draft, 4, k, v)
            columns = _sum(rows, (draft.shape(4) or (None,) * 5)[3])
        attending = _attending(draft, 3, 1 / math.sqrt(shapes[0].width), rows, columns)
        if isinstance(attending, str):
            return attending
        draft.give(shapes[2].together(draft, attending.draw(draft, q, k, v).value))
        if draft.wants(1):
            draft.give(packed_state(draft, k, v), 1)
        return None

    def _of_three(self, draft: ReplacementBuilder) -> str | None:
        heads, dims = int(draft.attribute("num_heads")), [draft.shape(index) for index in range(3)]
        if not draft.has(1) or not draft.has(2):
            return "it packs query, key and value into one"
        widths: list[int] = []
        for index, shape in enumerate(dims):
            if shape is None or len(shape) != 3 or not isinstance(shape[2], int):
                return f"`{draft.node.inputs[index].name}` is not of three dims, the last fixed"
            widths.append(shape[2])
        if any(draft.has(index) for index in (8, 9)):
            return "its shared state is not written out"
        parts = draft.inputs[:3]
        if draft.has(3):
            biases = draft.ops("Split", 3, draft.inputs[3], axis=0, split=widths)
            parts = [draft.op("Add", part, bias) for part, bias in zip(parts, biases, strict=True)]
        shapes = [Heads(heads, width // heads) for width in widths]
        q, k, v = (shape.apart(draft, part) for shape, part in zip(shapes, parts, strict=True))
        rows, columns = ((shape or (None, None))[1] for shape in dims[:2])
        if draft.has(6):
            k, v = (draft.op("Concat", draft.inputs[i], new, axis=2) for i, new in ((6, k), (7, v)))
            columns = _sum(columns, (draft.shape(6) or (None,) * 4)[2])
        attending = _attending(draft, 4, 1 / math.sqrt(shapes[0].width), rows, columns)
        if isinstance(attending, str):
            return attending
        draft.give(shapes[2].together(draft, attending.draw(draft, q, k, v).value))
        draft.give(k, 1)
        draft.give(v, 2)
        return None


def _sum(new: object, old: object) -> int | None:
    return new + old if isinstance(new, int) and isinstance(old, int) else None


def _attending(draft: ReplacementBuilder, index: int, scale: float, rows: object, columns: object) -> AttentionSettings | str:
    """Return how the scores are scaled and masked, with the padding mask at operand `index`; or why it cannot be written."""
    low, masks, seen = float(draft.attribute("mask_filter_value", -10000.0)), [], ""
    if draft.has(index):
        mask = padding(draft, index, columns if isinstance(columns, int) else None, low)
        if mask is None:
            return f"the mask `{draft.node.inputs[index].name}` is of a form that is not written out"
        masks.append(mask)
    if draft.attribute("unidirectional", 0):
        if not isinstance(rows, int) or not isinstance(columns, int):
            return "it looks one way over a length that is not fixed"
        seen = triangle(draft, rows, columns, columns - rows)
    if draft.has(5):
        masks.append(draft.inputs[5])
    return AttentionSettings(draft.attribute("scale", 0.0) or scale, 0.0, tuple(masks), seen)
