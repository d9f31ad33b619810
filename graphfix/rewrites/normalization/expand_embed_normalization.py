"""EmbedLayerNormalization(ids, segments, words, places, kinds, s, b) = norm(words[ids] + places[i] + kinds[segments]) * s + b."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.normalization.moments import Standardization
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

TABLES = """float[9, 4] w, float[16, 4] p, float[9, 4] k, float[4] s, float[4] b"""


class ExpandEmbedNormalization(BuiltRewrite):
    """Write onnxruntime's EmbedLayerNormalization as Gather, a sum and LayerNormalization.

    Why: a BERT model optimized by onnxruntime starts with this operator, which only onnxruntime supports. Without position
    ids, positions count from zero.
    """

    name = "expand-embed-normalization"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 64
    fixes = (FixRule("EmbedLayerNormalization"),)
    before = "y, index, sum = com.microsoft.EmbedLayerNormalization(ids, segments, words, places, kinds, s, b)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (int32[N, 3] i, {TABLES})
               => (float[N, 3, 4] y) {{
                 y, n = com.microsoft.EmbedLayerNormalization<epsilon = 0.5>(i, i, w, p, k, s, b) }}""",
            ops=("*",),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (int32[N, S] i, {TABLES}, int32[N, S] m)
               => (float[N, S, 4] y, int32[N] n) {{
                 y, n = com.microsoft.EmbedLayerNormalization(i, , w, p, , s, b, m) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]> g (int32[N, S] i, {TABLES})
               => (float[N, S, 4] y, int32[N] n) {{
                 y, n = com.microsoft.EmbedLayerNormalization(i, , w, p, , s, b) }}""",
            because="its mask index `n` is used, and there is no mask",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dtype, dims = draft.dtype(2), draft.shape() or ()
        if dtype not in ("float16", "float32"):
            return f"`{draft.node.inputs[2].name}` is {dtype or 'of unknown dtype'}"
        if draft.wants(1) and not draft.has(7):
            return f"its mask index `{draft.node.outputs[1].name}` is used, and there is no mask"
        total = draft.op("Gather", draft.inputs[2], draft.inputs[0], axis=0)
        total = draft.op("Add", total, self._placed(draft, dims[1] if len(dims) == 2 else None))
        if draft.has(1) and draft.has(4):
            total = draft.op("Add", total, draft.op("Gather", draft.inputs[4], draft.inputs[1], axis=0))
        x = total if dtype == "float32" else draft.cast(total, "float32")
        normal = Standardization([-1], draft.attribute("epsilon", 1e-12), "float32").draw(draft, x).value
        normal = normal if dtype == "float32" else draft.cast(normal, dtype)
        if draft.wants(1):
            seen = draft.cast(draft.op("Equal", draft.inputs[7], draft.constant(1, np.int32)), "int32")
            draft.give(draft.op("ReduceSum", seen, axes=[1], keepdims=0), 1)
        draft.give(total, 2)
        draft.give(draft.op("Add", draft.op("Mul", normal, draft.inputs[5]), draft.inputs[6]))
        return None

    def _placed(self, draft: ReplacementBuilder, length: int | str | None) -> str:
        """Return the position embeddings."""
        if draft.has(8):
            return draft.op("Gather", draft.inputs[3], draft.inputs[8], axis=0)
        if isinstance(length, int):
            return draft.op("Gather", draft.inputs[3], draft.constant(np.arange(length)), axis=0)
        end = draft.op("Gather", draft.op("Shape", draft.inputs[0]), draft.constant([1]), axis=0)
        return draft.op("Slice", draft.inputs[3], draft.constant([0]), end, draft.constant([0]))
