"""RotaryEmbedding(x) = (a cos - b sin, a sin + b cos) for the pairs (a, b) of each head, by the position of its row."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewrites.attention.rotary import Rotary
from graphfix.rewrites.attention.scaled_dot_product import Heads
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class DecomposeRotaryEmbedding(BuiltRewrite):
    """Write RotaryEmbedding as products of the halves, or of adjacent pairs, of each head.

    Why: the operator is new in opset 23, and few compilers support it, some of them only with constant angles.
    """

    name = "decompose-rotary-embedding"
    safety = Safety.EXACT
    needs_opset = 23
    ulps = 32
    dtypes = FLOATS
    fixes = (FixRule("RotaryEmbedding"),)
    before = "y = RotaryEmbedding(x, cos, sin)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 23]> g (float[N, 2, 3, 4] x, float[N, 3, 2] c, float[N, 3, 2] s)
               => (float[N, 2, 3, 4] y) { y = RotaryEmbedding(x, c, s) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 10, opset_import: ["" : 23]> g (float[1, 3, 12] x, float[9, 2] c, float[9, 2] s, int64[1, 3] p)
               => (float[1, 3, 12] y) {
                 y = RotaryEmbedding<num_heads = 2, interleaved = 1, rotary_embedding_dim = 4>(x, c, s, p) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 10, opset_import: ["" : 23]> g (float[N, 2, 3, D] x, float[N, 3, 2] c, float[N, 3, 2] s)
               => (float[N, 2, 3, D] y) { y = RotaryEmbedding(x, c, s) }""",
            because="the last dim of `x` is not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, count = draft.shape() or (), int(draft.attribute("num_heads", 0))
        if len(dims) not in (3, 4) or not isinstance(dims[-1], int):
            return f"the last dim of `{draft.node.inputs[0].name}` is not fixed"
        heads = Heads(count, dims[-1] // max(count, 1))
        width = heads.width if len(dims) == 3 else dims[-1]
        cos, sin = (
            draft.op("Gather", draft.inputs[index], draft.inputs[3], axis=0) if draft.has(3) else draft.inputs[index]
            for index in (1, 2)
        )
        cos, sin = (draft.op("Unsqueeze", angle, axes=[1]) for angle in (cos, sin))
        rotary = Rotary(width, int(draft.attribute("rotary_embedding_dim", 0)) or width, bool(draft.attribute("interleaved", 0)))
        x = heads.apart(draft, draft.inputs[0]) if len(dims) == 3 else draft.inputs[0]
        turned = rotary.draw(draft, x, cos, sin)
        draft.give(heads.together(draft, turned) if len(dims) == 3 else turned)
        return None
