"""TopK(x, k) = Concat(TopK(x, a), TopK(x without those, k - a)): a large k in several rounds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_K = 3840
"""The most elements that are selected at once: the smallest limit among the compilers, TensorRT's."""
MOST_ROUNDS = 16


class TopkInRounds(BuiltRewrite):
    """Select a large number of elements in several rounds of TopK, each without those selected before.

    Why: a compiler may limit `k`. Of equal elements each round selects the first, as one TopK does. What was selected is
    overwritten by the last number in the order, minus infinity for the largest elements, so infinities in the data differ.
    """

    name = "topk-in-rounds"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = (*FLOATS, "int32", "int64")
    differs_at = ("nan", "inf")
    fixes = (FixRule("TopK", traits=("k",)),)
    before = "v, i = TopK(x, k)"
    after = """v0, i0 = TopK(x, most)
               rest = ScatterElements(x, i0, least)
               v1, i1 = TopK(rest, left)
               v = Concat(v0, v1)
               i = Concat(i0, i1)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2, {MOST_K + 9}] x) => (float[2, K] v, int64[2, K] i)
               <int64[1] k = {{{MOST_K + 5}}}> {{ v, i = TopK(x, k) }}""",
            ops=("TopK", "ScatterElements", "TopK", "Concat", "Concat"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 11]> g (float[{2 * MOST_K + 3}, 1] x) => (float[K, 1] v, int64[K, 1] i)
               <int64[1] k = {{{2 * MOST_K + 3}}}> {{ v, i = TopK<axis = 0, largest = 0>(x, k) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9] x, int64[1] k) => (float[2, K] v, int64[2, K] i) {
                 v, i = TopK(x, k) }""",
            because="its `k` is not known",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9] x) => (float[2, 3] v, int64[2, 3] i)
               <int64[1] k = {3}> { v, i = TopK(x, k) }""",
            because=f"it selects 3 elements, not over {MOST_K}",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[90000] x) => (float[70000] v, int64[70000] i)
               <int64[1] k = {70000}> { v, i = TopK(x, k) }""",
            because=f"it selects 70000 elements, which takes over {MOST_ROUNDS} rounds",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9000] x) => (float[N, 4000] v, int64[N, 4000] i)
               <int64[1] k = {4000}> { v, i = TopK(x, k) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        known, dims = draft.known(1), draft.fixed()
        if known is None:
            return "its `k` is not known"
        count = int(known.reshape(-1)[0])
        if count <= MOST_K:
            return f"it selects {count} elements, not over {MOST_K}"
        if count > MOST_K * MOST_ROUNDS:
            return f"it selects {count} elements, which takes over {MOST_ROUNDS} rounds"
        if dims is None:
            return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
        axis = draft.attribute("axis", -1) % len(dims)
        attrs = {**draft.node.attrs, "axis": axis}
        rest, values, places = draft.inputs[0], [], []
        for start in range(0, count, MOST_K):
            size = min(MOST_K, count - start)
            value, place = draft.ops("TopK", 2, rest, draft.constant([size]), **attrs)
            values.append(value)
            places.append(place)
            if start + size < count:
                taken = [size if at == axis else dim for at, dim in enumerate(dims)]
                last = draft.number(np.full(taken, _last(draft)))
                rest = draft.op("ScatterElements", rest, place, last, axis=axis)
        draft.give(draft.op("Concat", *values, axis=axis))
        draft.give(draft.op("Concat", *places, axis=axis), 1)
        return None


def _last(draft: ReplacementBuilder) -> Any:
    """Return the number that comes last in the order of the node."""
    largest, dtype = bool(draft.attribute("largest", 1)), np.dtype(draft.dtype())
    if dtype.kind == "f":
        return -np.inf if largest else np.inf
    return np.iinfo(dtype).min if largest else np.iinfo(dtype).max
