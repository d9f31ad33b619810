"""Attention(q, k, v) = softmax(q k' * scale + mask) v over heads; fewer heads of k and v serve several of q each."""

from __future__ import annotations

import math
from typing import ClassVar

from graphfix.attending import Attending, Heads, triangle
from graphfix.draft import Draft, DraftRewrite
from graphfix.infer import NAMES
from graphfix.rewrite import FLOATS, Case, Cure, Safety

HEAD = """<ir_version: 10, opset_import: ["" : 23]> g"""


class DecomposeAttention(DraftRewrite):
    """Write Attention as products, a softmax and transposes.

    Why: the operator is of opset 23; few compilers have it, and those without masks, soft limits or shared heads.
    The heads and their width must be fixed, and for a causal mask the lengths.
    """

    name = "decompose-attention"
    safety = Safety.EXACT
    needs_opset = 23
    ulps = 64
    dtypes = FLOATS
    cures = (Cure("Attention"),)
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
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 2, 3, D] q, float[N, 2, 3, D] k, float[N, 2, 3, D] v) => (float[N, 2, 3, D] y) {{
                 y = Attention(q, k, v) }}""",
            because="the heads of `q` and their width are not fixed",
        ),
        Case(
            f"""{HEAD} (float[N, 2, S, 4] q) => (float[N, 2, S, 4] y) {{ y = Attention<is_causal = 1>(q, q, q) }}""",
            because="it is causal over a length that is not fixed",
        ),
    )

    def draw(self, draft: Draft) -> str | None:
        names = [tensor.name for tensor in draft.node.inputs]
        if draft.wants(3):
            return f"its scores `{draft.node.outputs[3].name}` are used"
        if draft.has(6):
            return f"the lengths `{names[6]}` are not written out"
        precision = draft.attribute("softmax_precision")
        if precision is not None and NAMES[int(precision)] != draft.dtype():
            return f"its softmax is in {NAMES[int(precision)]}, `{names[0]}` in {draft.dtype()}"
        parts, heads = [], []
        for index, attribute in enumerate(("q_num_heads", "kv_num_heads", "kv_num_heads")):
            found = _heads(draft, index, attribute)
            if found is None:
                return f"the heads of `{names[index]}` and their width are not fixed"
            flat = len(draft.shape(index) or ()) == 3
            parts.append(found.apart(draft, draft.inputs[index]) if flat else draft.inputs[index])
            heads.append(found)
        masked = self._attending(draft, heads[0])
        if isinstance(masked, str):
            return masked
        q, k, v = parts
        if draft.has(4):
            k, v = (draft.op("Concat", draft.inputs[i], new, axis=2) for i, new in ((4, k), (5, v)))
        draft.give(k, 1)
        draft.give(v, 2)
        times = heads[0].count // heads[1].count
        if times > 1:
            k, v = (
                self._shared(draft, name, heads[0].count, shape.width, times) for name, shape in ((k, heads[1]), (v, heads[2]))
            )
        y = masked.draw(draft, q, k, v)
        draft.give(Heads(heads[0].count, heads[2].width).together(draft, y) if len(draft.shape() or ()) == 3 else y)
        return None

    def _shared(self, draft: Draft, name: str, count: int, width: int, times: int) -> str:
        """Each head as many times as queries share it: its rows again and again are the rows of its copies."""
        return draft.reshape(draft.op("Concat", *[name] * times, axis=2), [0, count, -1, width])

    def _attending(self, draft: Draft, heads: Heads) -> Attending | str:
        """The scale and the masks, or why they cannot be written."""
        masks: tuple[str, ...] = ()
        seen, softcap = "", float(draft.attribute("softcap", 0.0))
        if draft.has(3):
            if softcap:
                return "it limits the scores and masks them, in an order that opsets differ in"
            seen, masks = (draft.inputs[3], ()) if draft.dtype(3) == "bool" else ("", (draft.inputs[3],))
        if draft.attribute("is_causal", 0):
            rows, columns = ((draft.shape(index) or (None,))[-2] for index in (0, 1))
            if draft.has(4):
                return "it is causal behind a past"
            if not isinstance(rows, int) or not isinstance(columns, int):
                return "it is causal over a length that is not fixed"
            lower = triangle(draft, rows, columns, 0)
            seen = draft.op("And", seen, lower) if seen else lower
        scale = draft.attribute("scale")
        return Attending(1 / math.sqrt(heads.width) if scale is None else float(scale), softcap, masks, seen)


def _heads(draft: Draft, index: int, attribute: str) -> Heads | None:
    """The heads of an operand of three or four dims; None where they are not fixed."""
    dims = draft.shape(index) or ()
    if len(dims) == 4 and isinstance(dims[1], int) and isinstance(dims[3], int):
        return Heads(dims[1], dims[3])
    count = int(draft.attribute(attribute, 0))
    return Heads(count, dims[2] // count) if len(dims) == 3 and isinstance(dims[2], int) and count else None
