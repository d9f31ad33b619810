"""ArrayFeatureExtractor(x, places) = Gather(x, places) along the last axis."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g'


class DecomposeArrayFeatureExtractor(BuiltRewrite):
    """Write the choice of some features as a Gather along the last axis.

    Why: the converters of scikit-learn choose columns and class labels by a node of ONNX's domain for machine learning, which
    few compilers read. Its places count as one list whatever their shape, and data of rank 1 count as one row.
    """

    name = "decompose-array-feature-extractor"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("ArrayFeatureExtractor"),)
    before = "y = ai.onnx.ml.ArrayFeatureExtractor(x, places)"
    after = """list = Reshape(places, minus_one)
               y = Gather<axis = last>(x, list)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (float[N, 2] y) <int64[2] places = {{2, 0}}> {{
                 y = ai.onnx.ml.ArrayFeatureExtractor(x, places) }}""",
            ops=("Gather",),
        ),
        Case(
            f"""{HEAD} (float[2, 4] x) => (float[2, 1] y) <int64 place = {{3}}> {{
                 y = ai.onnx.ml.ArrayFeatureExtractor(x, place) }}""",
            ops=("Reshape", "Gather"),
        ),
        Case(
            f"""{HEAD} (float[N, 3] x) => (int32[1, N] y) <int32[3] labels = {{5, 7, 9}}> {{
                 at = ArgMax<axis = 1, keepdims = 0>(x)
                 y = ai.onnx.ml.ArrayFeatureExtractor(labels, at) }}""",
            ops=("ArgMax", "Reshape", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (float z) {{
                 k = SequenceConstruct(x, x)
                 i = SequenceLength(k)
                 p = Constant<value = int64 {{0}}>()
                 s = SequenceAt(k, p)
                 f = Flatten(s)
                 r = Reshape(f, i)
                 y = ai.onnx.ml.ArrayFeatureExtractor(r, p)
                 z = ReduceSum<keepdims = 0>(y) }}""",
            because="the rank of its data is not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        data, places = draft.inputs[:2]
        shape, listed = draft.shape(), draft.shape(1)
        if shape is None:
            return "the rank of its data is not known"
        rank = len(shape)
        if rank == 1:
            data = draft.reshape(data, (1, -1))
        if listed is None or len(listed) != 1:
            places = draft.reshape(places, (-1,))
        draft.give(draft.op("Gather", data, places, axis=max(rank, 2) - 1))
        return None
