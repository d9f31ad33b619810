"""com.microsoft's RotaryEmbedding(x, p, cos, sin): the pairs of each head rotated by the angles at positions p."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.attention.rotary import Rotary
from graphfix.rewrites.attention.scaled_dot_product import Heads
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ExpandRotaryEmbedding(BuiltRewrite):
    """Write onnxruntime's RotaryEmbedding as a lookup of angles and products.

    Why: language models exported by onnxruntime's tools have it in every layer, and only onnxruntime supports it. The
    width of a head is twice that of the angles; a single position is that of the first row.
    """

    name = "expand-rotary-embedding"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 32
    dtypes = ("float16", "float32")
    fixes = (FixRule("RotaryEmbedding"),)
    before = "y = com.microsoft.RotaryEmbedding(x, positions, cos, sin)"
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
               g (float[1, 3, 8] x, {p}, float[9, 2] c, float[9, 2] s) => (float[1, 3, 8] y) {{
                 y = com.microsoft.RotaryEmbedding{attributes}(x, p, c, s) }}""",
            ops=("*",),
        )
        for p, attributes in (("int64[1, 3] p", ""), ("int64[1] p", "<interleaved = 1>"))
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g (float[1, S, 8] x, int64[1] p, float[9, 2] c)
               => (float[1, S, 8] y) { y = com.microsoft.RotaryEmbedding(x, p, c, c) }""",
            because="the length of `x` is not fixed, and `p` is the position of its first row alone",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, angles, places = draft.shape() or (), draft.shape(2) or (), draft.shape(1)
        x, p = draft.node.inputs[0].name, draft.node.inputs[1].name
        if len(dims) not in (3, 4) or not isinstance(dims[-1], int) or len(angles) != 2 or not isinstance(angles[1], int):
            return f"the last dims of `{x}` and `{draft.node.inputs[2].name}` are not fixed"
        if draft.attribute("is_packed_batching", 0) or places is None:
            return f"the positions `{p}` are of a form that is not written out"
        turned, count = 2 * angles[1], int(draft.attribute("num_heads", 0))
        width = dims[-1] if len(dims) == 4 else dims[-1] // count if count else turned
        length, row, axes = dims[-2] if len(dims) == 4 else dims[1], draft.inputs[1], [1]
        if len(places) == 1:
            if not isinstance(length, int):
                return f"the length of `{x}` is not fixed, and `{p}` is the position of its first row alone"
            row, axes = draft.op("Add", row, draft.constant(np.arange(length))), [0, 1]
        cos, sin = (draft.op("Unsqueeze", draft.op("Gather", draft.inputs[i], row, axis=0), axes=axes) for i in (2, 3))
        heads = Heads(dims[-1] // width, width)
        value = heads.apart(draft, draft.inputs[0]) if len(dims) == 3 else draft.inputs[0]
        value = Rotary(width, turned, bool(draft.attribute("interleaved", 0))).draw(draft, value, cos, sin)
        draft.give(heads.together(draft, value) if len(dims) == 3 else value)
        return None
