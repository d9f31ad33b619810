"""Attention(q, k, v) = softmax(q k' * scale + mask) v over heads; a head of k and v may be shared by several of q."""

from __future__ import annotations

import functools
import math
from typing import ClassVar

import numpy as np

from graphfix.ir.dtypes import NAMES
from graphfix.rewrites.attention.scaled_dot_product import AttentionSettings, Heads, triangle
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

HEAD = """<ir_version: 10, opset_import: ["" : 23]> g"""


class DecomposeAttention(BuiltRewrite):
    """Write Attention as products, a softmax and transposes.

    Why: the operator is new in opset 23; few compilers support it, and those without masks, softcap or shared heads.
    The number and width of the heads must be fixed; a causal mask over dynamic lengths compares the places of queries and keys.
    """

    name = "decompose-attention"
    safety = Safety.EXACT
    needs_opset = 23
    ulps = 64
    differs_at = ("nan", "inf")
    dtypes = FLOATS
    fixes = (FixRule("Attention"),)
    before = "y, keys, values, scores = Attention(q, k, v)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2, 3, 4] q, float[N, 2, L, 4] k, float[N, 2, L, 5] v, float[3, L] m) => (float[N, 2, 3, 5] y) {{
                 y = Attention(q, k, v, m) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 3, 16] q, float[2, 3, 8] k, float[2, 3, 8] v) => (float[2, 3, 16] y) {{
                 y = Attention<q_num_heads = 4, kv_num_heads = 2, is_causal = 1, scale = 0.25>(q, k, v) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 2, 3, 4] q, float[N, 2, 3, 4] k, float[N, 2, 3, 4] v, float[N, 2, 5, 4] pk, float[N, 2, 5, 4] pv)
               => (float[N, 2, 3, 4] y, float[N, 2, 8, 4] nk, float[N, 2, 8, 4] nv) {{
                 y, nk, nv = Attention<softcap = 2.0>(q, k, v, , pk, pv) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[1, 2, 3, 4] q, float[1, 2, 5, 4] k, bool[3, 5] m) => (float[1, 2, 3, 4] y, float[1, 2, 3, 5] w) {{
                 y, , , w = Attention<softcap = 2.0, qk_matmul_output_mode = 3>(q, k, k, m) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, H, 3, D] q, float[N, H, L, D] k) => (float[N, H, 3, D] y) {{
                 y = Attention<scale = 0.5>(q, k, k) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, S, 8] q, float[N, S, 8] k) => (float[N, S, 8] y) {{
                 y = Attention<is_causal = 1, q_num_heads = 2, kv_num_heads = 2>(q, k, k) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[1, 2, S, 4] q, float[1, 2, T, 4] k, float[1, 2, P, 4] p)
               => (float[1, 2, S, 4] y, float[1, 2, U, 4] nk, float[1, 2, U, 4] nv) {{
                 y, nk, nv = Attention<is_causal = 1>(q, k, k, , p, p) }}""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 24]> g
               (float[2, 2, 3, 4] q, float[2, 2, 5, 4] k, int64[2] n) => (float[2, 2, 3, 4] y) {
                 y = Attention<is_causal = 1>(q, k, k, , , , n) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 3, 8] q, float[N, 3, W] k) => (float[N, 3, 8] y) {{
                 y = Attention<q_num_heads = 2, kv_num_heads = 2>(q, k, k) }}""",
            because="the heads of `k` and their width are not fixed",
        ),
        Case(
            f"""{HEAD} (float[N, H, 3, 4] q, float[N, G, 3, 4] k) => (float[N, H, 3, 4] y) {{ y = Attention(q, k, k) }}""",
            because="`q` and `k` may have another number of heads each",
        ),
        Case(
            f"""{HEAD} (float[N, 2, 3, D] q, float[N, 2, 3, D] k, float[N, 2, 3, D] v) => (float[N, 2, 3, D] y) {{
                 y = Attention(q, k, v) }}""",
            because="the width of the heads of `q` is not fixed, and scales the scores",
        ),
        Case(
            f"""{HEAD} (float[1, 2, 3, 4] q, float[1, 2, 5, 4] k, float[3, 4] m) => (float[1, 2, 3, 4] y) {{
                 y = Attention(q, k, k, m) }}""",
            because="the mask `m` is for 4 keys of 5",
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 24]> g
               (float[N, 2, S, 4] q, float[N, 2, 5, 4] k, int64[N] n) => (float[N, 2, S, 4] y) {
                 y = Attention<is_causal = 1>(q, k, k, , , , n) }""",
            because="it is causal over a length that is not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        names = [tensor.name for tensor in draft.node.inputs]
        parts, heads = [], []
        for index, attribute in enumerate(("q_num_heads", "kv_num_heads", "kv_num_heads")):
            found = _heads(draft, index, attribute)
            if found is None:
                return f"the heads of `{names[index]}` and their width are not fixed"
            flat = len(draft.shape(index) or ()) == 3
            parts.append(found.apart(draft, draft.inputs[index]) if flat else draft.inputs[index])
            heads.append(found)
        counts = {(draft.shape(index) or (None, None))[1] for index in range(3)}
        alike = len(counts) == 1 and None not in counts
        if any(not one.count for one in heads) and not alike:
            return f"`{names[0]}` and `{names[1]}` may have another number of heads each"
        if draft.attribute("scale") is None and not heads[0].width and not heads[1].width:
            return f"the width of the heads of `{names[0]}` is not fixed, and scales the scores"
        masked = self._attending(draft, heads[0] if heads[0].width else heads[1])
        if isinstance(masked, str):
            return masked
        q, k, v = parts
        if draft.has(4):
            k, v = (draft.op("Concat", draft.inputs[i], new, axis=2) for i, new in ((4, k), (5, v)))
        draft.give(k, 1)
        draft.give(v, 2)
        times = heads[0].count // heads[1].count if heads[0].count and heads[1].count else 1
        if times > 1 and not (heads[1].width and heads[2].width):
            return f"the heads of `{names[1]}` are shared, and their width is not fixed"
        if times > 1:
            k, v = (
                self._shared(draft, name, heads[0].count, shape.width, times) for name, shape in ((k, heads[1]), (v, heads[2]))
            )
        made = masked.draw(draft, q, k, v)
        draft.give(made.scores[int(draft.attribute("qk_matmul_output_mode", 0))], 3)
        flat = len(draft.shape() or ()) == 3
        draft.give(Heads(heads[0].count, heads[2].width).together(draft, made.value) if flat else made.value)
        return None

    def _shared(self, draft: ReplacementBuilder, name: str, count: int, width: int, times: int) -> str:
        """Return each head repeated for every query head that shares it; repeating its rows gives the rows of the copies."""
        return draft.reshape(draft.op("Concat", *[name] * times, axis=2), [0, count, -1, width])

    def _attending(self, draft: ReplacementBuilder, heads: Heads) -> AttentionSettings | str:
        """Return the scale and the masks, or why they cannot be written."""
        rows, keys = ((draft.shape(index) or (None,) * 4)[-2] for index in (0, 1))
        old = (draft.shape(4) or (None,) * 4)[2] if draft.has(4) else 0
        columns = keys + old if isinstance(keys, int) and isinstance(old, int) else None
        masks, seen = [], []
        if draft.has(3):
            wide = (draft.shape(3) or (None,))[-1]
            if wide != columns and isinstance(wide, int) and columns is not None:
                return f"the mask `{draft.node.inputs[3].name}` is for {wide} keys of {columns}"
            if draft.dtype(3) == "bool":
                seen.append(draft.inputs[3])
            else:
                masks.append(draft.inputs[3] if draft.dtype(3) == draft.dtype() else draft.cast(draft.inputs[3], draft.dtype()))
        if draft.has(6):
            if columns is None:
                return "it has lengths, and the number of its keys is not fixed"
            lengths = draft.op("Unsqueeze", draft.inputs[6], axes=[1, 2, 3])
            seen.append(draft.op("Less", draft.constant(np.arange(columns)), lengths))
        if draft.attribute("is_causal", 0):
            if not isinstance(rows, int) or columns is None or not isinstance(old, int):
                if draft.has(6):
                    return "it is causal over a length that is not fixed"
                seen.append(_triangle_of_sizes(draft))
            elif draft.has(6):
                ahead = draft.constant(np.arange(columns)[None, :] - np.arange(rows)[:, None] + rows)
                seen.append(draft.op("Not", draft.op("Greater", ahead, lengths)))
            else:
                seen.append(triangle(draft, rows, columns, old))
        scale, precision = draft.attribute("scale"), NAMES[int(draft.attribute("softmax_precision", 0))]
        return AttentionSettings(
            1 / math.sqrt(heads.width) if scale is None else float(scale),
            float(draft.attribute("softcap", 0.0)),
            tuple(masks),
            functools.reduce(lambda one, other: draft.op("And", one, other), seen) if seen else "",
            blind=draft.dtype(3) == "bool" or draft.has(6),
            dtype="" if precision == draft.dtype() else precision,
        )


def _triangle_of_sizes(draft: ReplacementBuilder) -> str:
    """Return the causal mask over dynamic lengths: a query sees all keys of the past, and those up to its own place."""
    rows, keys, past = (draft.size(len(draft.shape(index) or ()) - 2, index) if draft.has(index) else 0 for index in (0, 1, 4))
    row, column = draft.places(rows), draft.places(keys if past == 0 else draft.op("Add", *map(draft.scalar, (keys, past))))
    if past != 0:
        row = draft.op("Add", row, draft.scalar(past))
    return draft.op("Not", draft.op("Greater", column, draft.standing(row, [1])))


def _heads(draft: ReplacementBuilder, index: int, attribute: str) -> Heads | None:
    """Return the heads of an operand of rank 3 or 4; dynamic dims are 0 for rank 4, and give None for rank 3."""
    dims = draft.shape(index) or ()
    if len(dims) == 4:
        count, width = (dim if isinstance(dim, int) else 0 for dim in (dims[1], dims[3]))
        return Heads(count, width)
    count = int(draft.attribute(attribute, 0))
    return Heads(count, dims[2] // count) if len(dims) == 3 and isinstance(dims[2], int) and count else None
