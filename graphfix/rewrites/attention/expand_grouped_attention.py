"""GroupQueryAttention(q, k, v, past, n, total) = softmax(scale q K') V with K = past rows, then new ones, at the last n rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphfix.rewrites.attention.rotary import Rotary
from graphfix.rewrites.attention.scaled_dot_product import AttentionSettings, Heads
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g"""
LAST, TOTAL, BIAS = 5, 6, 10
"""The operands with the number of rows but one of each batch, with their greatest number, and with what is added to scores."""
UNKNOWN = ("smooth_softmax", "k_quant_type", "v_quant_type", "qk_output")
"""Attributes that are not written out."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the keys: `past` held before, `new` appended, `total` in the result, and where the new ones begin.

    `start` is a constant, or empty where the value `begins` of one element tells it at run time.
    """

    past: int
    new: int
    total: int
    start: int | None
    begins: str


class ExpandGroupedAttention(BuiltRewrite):
    """Write onnxruntime's GroupQueryAttention as rotations, products and a softmax over heads that share keys.

    Why: language models built for onnxruntime have one in every layer, and hardly another compiler supports it. All sizes
    must be fixed; where the number of rows comes in at run time, new rows are written at their place among the past ones.
    """

    name = "expand-grouped-attention"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 256
    differs_at = ("nan", "inf")
    dtypes = ("float16", "float32")
    fixes = (FixRule("GroupQueryAttention"),)
    before = (
        "y, nk, nv = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 2>(q, k, v, pk, pv, last, total, cos, sin)"
    )
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, 3, 32] q, float[1, 3, 16] k, float[1, 3, 16] v, float[1, 2, 5, 8] pk, float[1, 2, 5, 8] pv)
               => (float[1, 3, 32] y, float[1, 2, 8, 8] nk, float[1, 2, 8, 8] nv) <int32[1] n = {{7}}, int32 t = {{8}}> {{
                 y, nk, nv = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 2>(q, k, v, pk, pv, n, t) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 3, 128] x, float[9, 8] c, float[9, 8] s)
               => (float[2, 3, 64] y, float[2, 2, 3, 16] nk, float[2, 2, 3, 16] nv) <int32[2] n = {{2, 2}}, int32 t = {{3}}> {{
                 y, nk, nv = com.microsoft.GroupQueryAttention
                   <num_heads = 4, kv_num_heads = 2, do_rotary = 1, scale = 0.5, softcap = 2.0>(x, , , , , n, t, c, s) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[1, 1, 32] q, float[1, 1, 16] k, float[1, 1, 16] v, float[1, 1, 4, 16] pk, float[1, 1, 4, 16] pv,
                        int64[1] m, float[9, 8] c, float[9, 8] s)
               => (float[1, 1, 32] y, float[1, 1, 5, 16] nk, float[1, 1, 5, 16] nv)
               <int32 t = {{5}}, int64 low = {{1}}, int64 high = {{4}}> {{
                 u = Clip(m, low, high)
                 n = Cast<to = 6>(u)
                 y, nk, nv = com.microsoft.GroupQueryAttention
                   <num_heads = 2, kv_num_heads = 1, do_rotary = 1, rotary_interleaved = 1, local_window_size = 2>
                   (q, k, v, pk, pv, n, t, c, s) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[1, 2, 16] q, float[1, 2, 16] k, float[1, 2, 16] v, float[1, 2, 6, 8] pk, float[1, 2, 6, 8] pv,
                        int64[1] m, float[1, 1, 2, 6] b)
               => (float[1, 2, 16] y, float[1, 2, 6, 8] nk, float[1, 2, 6, 8] nv)
               <int32 t = {{6}}, int64 low = {{1}}, int64 high = {{5}}> {{
                 u = Clip(m, low, high)
                 n = Cast<to = 6>(u)
                 y, nk, nv = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 2>
                   (q, k, v, pk, pv, n, t, , , , b) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, S, 16] q, float[1, S, 8] k, float[1, S, 8] v, int32[1] n, int32 t) => (float[1, S, 16] y) {{
                 y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q, k, v, , , n, t) }}""",
            because="its sizes are not fixed",
        ),
        Case(
            f"""{HEAD} (float[1, 3, 16] q, float[1, 3, 8] k, float[1, 3, 8] v, int32[1] n, int32 t) => (float[1, 3, 16] y) {{
                 y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>(q, k, v, , , n, t) }}""",
            because="the total number of rows `t` is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, queries, keys = draft.fixed(), int(draft.attribute("num_heads")), int(draft.attribute("kv_num_heads"))
        if dims is None or len(dims) != 3 or (draft.has(3) and draft.fixed(3) is None):
            return "its sizes are not fixed"
        odd = next((name for name in UNKNOWN if draft.attribute(name, 0) not in (0, "NONE", b"NONE")), None)
        if odd is not None or draft.has(11) or draft.wants(3):
            return f"its {odd or 'sink or scores'} is not written out"
        width = dims[2] // (queries if draft.has(1) else queries + 2 * keys)
        rows = self._rows(draft, dims[0], dims[1])
        if isinstance(rows, str):
            return rows
        parts = draft.inputs[:3]
        if not draft.has(1):
            parts = draft.ops("Split", 3, draft.inputs[0], axis=2, split=[queries * width, keys * width, keys * width])
        heads = Heads(queries, width), Heads(keys, width), Heads(keys, width)
        q, k, v = (shape.apart(draft, part) for shape, part in zip(heads, parts, strict=True))
        if draft.attribute("do_rotary", 0):
            q, k = self._rotated(draft, (q, k), width, rows)
        k, v = (self._joined(draft, past, new, rows) for past, new in ((3, k), (4, v)))
        draft.give(k, 1)
        draft.give(v, 2)
        if queries > keys:  # repeating a head's rows gives the rows of its copies
            k, v = (
                draft.reshape(draft.op("Concat", *[part] * (queries // keys), axis=2), [0, queries, -1, width]) for part in (k, v)
            )
        scale = float(draft.attribute("scale", 0.0)) or 1 / math.sqrt(width)
        masks = (draft.inputs[BIAS],) if draft.has(BIAS) else ()
        settings = AttentionSettings(scale, float(draft.attribute("softcap", 0.0)), masks, self._seen(draft, rows))
        draft.give(heads[0].together(draft, settings.draw(draft, q, k, v).value))
        return None

    def _rows(self, draft: ReplacementBuilder, batch: int, new: int) -> Rows | str:
        """Return the numbers of rows, or why they cannot be told."""
        total, last = draft.known(TOTAL), draft.known(LAST)
        if total is None:
            return f"the total number of rows `{draft.node.inputs[TOTAL].name}` is not known"
        past = (draft.fixed(3) or (0, 0, 0, 0))[2] if draft.has(3) else 0
        count = max(int(total.reshape(())), past)
        if int(total.reshape(())) == new:
            return Rows(past, new, count, 0, "") if count == new else "its first rows are written into a longer state"
        if last is not None and len(set(last.reshape(-1).tolist())) == 1:
            start = int(last.reshape(-1)[0]) + 1 - new
            if start == past and count == past + new:
                return Rows(past, new, count, start, "")
        if batch > 1:
            return f"the rows in use, `{draft.node.inputs[LAST].name}`, may differ by entry of the batch"
        begins = draft.op("Add", draft.cast(draft.inputs[LAST], "int64"), draft.constant([1 - new]))
        return Rows(past, new, count, None, draft.reshape(begins, [1]))

    def _places(self, draft: ReplacementBuilder, rows: Rows) -> str:
        """Return the places of the new rows, [1, new]."""
        if rows.start is not None:
            return draft.constant(np.arange(rows.start, rows.start + rows.new)[None])
        return draft.op("Add", rows.begins, draft.constant(np.arange(rows.new)[None]))

    def _rotated(self, draft: ReplacementBuilder, parts: tuple[str, str], width: int, rows: Rows) -> list[str]:
        """Return queries and keys rotated by the angles of their places."""
        half = (draft.fixed(7) or (0, width // 2))[1]
        places = draft.inputs[9] if draft.has(9) else self._places(draft, rows)
        angles = [draft.op("Unsqueeze", draft.op("Gather", draft.inputs[index], places, axis=0), axes=[1]) for index in (7, 8)]
        rotary = Rotary(width, 2 * half, bool(draft.attribute("rotary_interleaved", 0)))
        return [rotary.draw(draft, part, *angles) for part in parts]

    def _joined(self, draft: ReplacementBuilder, past: int, new: str, rows: Rows) -> str:
        """Return the past rows with the new ones in their place, and zeros after them."""
        if rows.start is not None:
            return draft.op("Concat", draft.inputs[past], new, axis=2) if rows.past and rows.start else new
        every = np.arange(rows.total)
        offset = draft.op("Sub", draft.constant(every), rows.begins)
        ahead = draft.op("Less", offset, draft.constant([0]))
        within = draft.op("And", draft.op("Not", ahead), draft.op("Less", offset, draft.constant([rows.new])))
        zero = draft.constant(np.zeros(1, draft.dtype()), draft.dtype())
        if not rows.past and rows.new == 1:
            return draft.op("Where", draft.reshape(within, [1, 1, rows.total, 1]), new, zero)
        source, kept, held = draft.op("Where", within, offset, draft.constant(every * 0)), within, new
        if rows.past:
            behind = draft.op("Add", source, draft.constant([rows.past]))
            source = draft.op("Where", ahead, draft.constant(np.minimum(every, rows.past - 1)), behind)
            kept, held = draft.op("Or", ahead, within), draft.op("Concat", draft.inputs[past], new, axis=2)
        picked = draft.op("Gather", held, source, axis=2)
        return draft.op("Where", draft.reshape(kept, [1, 1, rows.total, 1]), picked, zero)

    def _seen(self, draft: ReplacementBuilder, rows: Rows) -> str:
        """Return which keys each query sees: those up to its own place, and of these the last where a window is set."""
        window, every = int(draft.attribute("local_window_size", -1)), np.arange(rows.total)
        if rows.start is not None:
            ahead = every[None, :] - np.arange(rows.start, rows.start + rows.new)[:, None]
            seen = (ahead <= 0) & (ahead > -window if window > 0 else True)
            return draft.constant(seen)
        own = draft.reshape(self._places(draft, rows), [rows.new, 1])
        far = draft.op("Sub", draft.constant(every[None, :]), own)
        seen_now = draft.op("Less", far, draft.constant([1]))
        if window > 0:
            seen_now = draft.op("And", seen_now, draft.op("Greater", far, draft.constant([-window])))
        return seen_now
