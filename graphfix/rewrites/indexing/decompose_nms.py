"""NonMaxSuppression(b, s) = rows of the sorted boxes that no kept box before them overlaps, by a matrix of overlaps."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST_PAIRS = 1 << 22
"""The most pairs of boxes, over all classes: each takes a number in some ten matrices."""
MOST_STEPS = 400
"""The most steps, of three nodes each."""
HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""


class DecomposeNms(BuiltRewrite):
    """Sort the boxes, compare each with each, and strike out in a fixed number of steps those that a kept box overlaps.

    Why: few compilers have NonMaxSuppression, and most of them have NonZero. A step keeps the boxes that no box kept by the
    step before overlaps, of those with a higher score. The box of the first rank is right at once; if all kept boxes up to
    the m-th are right, the boxes that these overlap are right after one step more, and the next kept box after two. So
    N - 1 steps are enough for N boxes, and 2 (m - 1) for the first m that are kept.
    """

    name = "decompose-nms"
    safety = Safety.EXACT
    needs_opset = 11
    differs_at = ("nan", "inf")
    fixes = (FixRule("NonMaxSuppression"),)
    before = "y = NonMaxSuppression(boxes, scores, most, overlap)"
    after = """sorted, order = TopK(scores, N)
               matrix = And(overlaps(Gather(boxes, order)), earlier)
               kept = Relu(1 - MatMul(kept, matrix)), several times
               y = NonZero(kept)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, 6, 4] b, float[1, 2, 6] s) => (int64[K, 3] y)
               <int64 most = {{3}}, float overlap = {{0.3}}, float least = {{0.1}}> {{
                 y = NonMaxSuppression(b, s, most, overlap, least) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 5, 4] b, float[2, 3, 5] s) => (int64[K, 3] y)
               <int64[1] most = {{9223372036854775807}}, float[1] overlap = {{0.2}}> {{
                 near = Sigmoid(b)
                 y = NonMaxSuppression<center_point_box = 1>(near, s, most, overlap) }}""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[1, 8, 4] b, float[1, 1, 8] s, float t) => (int64[K, 3] y)
               <int64[1] most = {1}> { y = NonMaxSuppression(b, s, most, "", t) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, 6, 4] b, float[1, 2, 6] s, int64 most) => (int64[K, 3] y) {{
                 y = NonMaxSuppression(b, s, most) }}""",
            because="the most boxes of a class, `most`, is not known",
        ),
        Case(
            f"""{HEAD} (float[1, N, 4] b, float[1, 2, N] s) => (int64[K, 3] y) <int64 most = {{2}}> {{
                 y = NonMaxSuppression(b, s, most) }}""",
            because="the numbers of boxes and classes are not fixed",
        ),
        Case(
            f"""{HEAD} (float[1, 6, 4] b, float[1, 2, 6] s) => (int64[K, 3] y) {{ y = NonMaxSuppression(b, s) }}""",
            because="it keeps no box of a class",
        ),
        Case(
            f"""{HEAD} (float[1, 3000, 4] b, float[1, 2, 3000] s) => (int64[K, 3] y) <int64 most = {{2}}> {{
                 y = NonMaxSuppression(b, s, most) }}""",
            because=f"it compares 18000000 pairs of boxes, over {MOST_PAIRS}",
        ),
        Case(
            f"""{HEAD} (float[1, 500, 4] b, float[1, 2, 500] s) => (int64[K, 3] y) <int64 most = {{300}}> {{
                 y = NonMaxSuppression(b, s, most) }}""",
            because=f"it takes 499 steps, over {MOST_STEPS}",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, known = draft.fixed(1), draft.known(2)
        if draft.has(2) and known is None:
            return f"the most boxes of a class, `{draft.node.inputs[2].name}`, is not known"
        if dims is None:
            return "the numbers of boxes and classes are not fixed"
        most = int(known.reshape(-1)[0]) if known is not None else 0
        batch, classes, count = dims
        if most < 1 or 0 in dims:
            return "it keeps no box of a class"
        pairs, steps = batch * classes * count * count, min(count - 1, 2 * (most - 1))
        if pairs > MOST_PAIRS:
            return f"it compares {pairs} pairs of boxes, over {MOST_PAIRS}"
        if steps > MOST_STEPS:
            return f"it takes {steps} steps, over {MOST_STEPS}"
        scores, order = draft.ops("TopK", 2, draft.inputs[1], draft.constant([count]), axis=-1)
        if steps:
            chosen = self._kept(draft, order, dims, most, steps)
        else:  # one box of each class, that of the highest score
            chosen = [draft.constant(np.arange(count) + np.zeros((batch * classes, 1, 1)) == 0)]
        if draft.has(4):
            least = draft.reshape(draft.inputs[4], [1])
            chosen.append(draft.op("Greater", draft.reshape(scores, [batch * classes, 1, count]), least))
        self._select(draft, chosen, order, dims)
        return None

    def _kept(self, draft: ReplacementBuilder, order: str, dims: tuple[int, ...], most: int, steps: int) -> list[str]:
        """Return masks of the sorted boxes of each class, [batch * classes, 1, boxes]: those at which all hold are kept."""
        rank = np.arange(dims[2], dtype=np.int32)
        earlier = draft.op("Less", draft.constant(rank.reshape(-1, 1)), draft.constant(rank))
        matrix = draft.cast(draft.op("And", self._overlaps(draft, self._sorted(draft, order, dims), dims), earlier), "float32")
        one, kept = draft.constant(1, np.float32), draft.op("ReduceSum", matrix, axes=[1], keepdims=1)
        for step in range(steps):
            hits = draft.op("MatMul", kept, matrix) if step else kept
            kept = draft.op("Relu", draft.op("Sub", one, hits))
        chosen = [draft.op("Greater", kept, draft.constant(0.5, np.float32))]
        if most < dims[2]:
            before = draft.op("MatMul", kept, draft.cast(earlier, "float32"))
            chosen.append(draft.op("Less", before, draft.constant(most - 0.5, np.float32)))
        return chosen

    def _sorted(self, draft: ReplacementBuilder, order: str, dims: tuple[int, ...]) -> str:
        """Return the boxes of each class by falling score: [batch * classes, boxes, 4]."""
        batch, classes, count = dims
        if batch > 1:
            order = draft.op("Add", order, draft.constant(np.arange(batch).reshape(-1, 1, 1) * count))
        rows = draft.op("Gather", draft.reshape(draft.inputs[0], [batch * count, 4]), order, axis=0)
        return draft.reshape(rows, [batch * classes, count, 4])

    def _overlaps(self, draft: ReplacementBuilder, boxes: str, dims: tuple[int, ...]) -> str:
        """Return whether the area that two boxes share is over the limit, of the area of both: [..., boxes, boxes]."""
        groups, count = dims[0] * dims[1], dims[2]
        first, second = (draft.op("Slice", boxes, starts=[at], ends=[at + 2], axes=[2]) for at in (0, 2))
        if draft.attribute("center_point_box", 0):
            half = draft.op("Mul", second, draft.constant(0.5, np.float32))
            low, high = draft.op("Sub", first, half), draft.op("Add", first, half)
        else:
            low, high = draft.op("Min", first, second), draft.op("Max", first, second)

        def standing(name: str, size: int) -> tuple[str, str]:
            return draft.reshape(name, [groups, count, 1, size]), draft.reshape(name, [groups, 1, count, size])

        sides = draft.op("Relu", draft.op("Sub", draft.op("Min", *standing(high, 2)), draft.op("Max", *standing(low, 2))))
        shared = draft.op("ReduceProd", sides, axes=[3], keepdims=0)
        area = draft.op("ReduceProd", draft.op("Sub", high, low), axes=[2], keepdims=1)
        both = draft.op("Add", area, draft.reshape(area, [groups, 1, count]))
        union = draft.op("Max", draft.op("Sub", both, shared), draft.constant(np.finfo(np.float32).tiny, np.float32))
        limit: Any = draft.inputs[3] if draft.has(3) else draft.constant(0, np.float32)
        return draft.op("Greater", draft.op("Div", shared, union), draft.reshape(limit, [1]) if draft.has(3) else limit)

    def _select(self, draft: ReplacementBuilder, chosen: list[str], order: str, dims: tuple[int, ...]) -> None:
        """Give batch, class and box of each place at which all masks hold."""
        mask = chosen[0]
        for each in chosen[1:]:
            mask = draft.op("And", mask, each)
        places = draft.op("Transpose", draft.op("NonZero", draft.reshape(mask, dims)), perm=[1, 0])
        box = draft.op("Unsqueeze", draft.op("GatherND", order, places), axes=[1])
        draft.give(draft.op("Concat", draft.op("Slice", places, starts=[0], ends=[2], axes=[1]), box, axis=1))
