"""TopK(x, k) with equal values in the order of their indices, whatever order the compiler's own TopK leaves them in."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_LENGTH = 46_340
"""The most elements whose keys, up to the square of their number, are int32, in which some compilers compute int64."""


class StableTopk(BuiltRewrite):
    """Sort all elements, number the runs of equal values, and select by the number of the run and then by the index.

    Why: ONNX takes equal values in the order of their indices, and a compiler may take them in any. The keys are all
    different, so that no order is left to it. It sorts the whole axis twice.
    """

    name = "stable-topk"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = FLOATS
    differs_at = ("nan",)
    fixes = (FixRule("TopK", codes=("GF301",)),)
    before = "v, i = TopK(x, k)"
    after = """values, places = TopK(x, length)
               run = CumSum(Cast(Not(Equal(values, Gather(values, previous)))))
               _, chosen = TopK<largest = 0>(run * length + Cast(places), k)
               i = GatherElements(places, chosen)
               v = GatherElements(x, i)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x, int64[1] k) => (float[N, K] v, int64[N, K] i) {
                 v, i = TopK(x, k) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[9, 2] x) => (int64[4, 2] i) <int64[1] k = {4}> {
                 v, i = TopK<axis = 0, largest = 0>(x, k) }""",
            ops=("TopK", "Gather", "Cast", "Equal", "Not", "Cast", "CumSum", "Mul", "Add", "TopK", "GatherElements"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, N] x) => (float[2, 3] v, int64[2, 3] i)
               <int64[1] k = {3}> { v, i = TopK(x, k) }""",
            because="the size of its axis is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[50000] x) => (float[3] v, int64[3] i)
               <int64[1] k = {3}> { v, i = TopK(x, k) }""",
            because=f"it selects among 50000 elements, over {MOST_LENGTH}",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[9] x) => (float[3] v, int64[3] i)
               <int64[1] k = {3}> { v, i = TopK<sorted = 0>(x, k) }""",
            because="the order of its outputs is not defined",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[9] x) => (float[3] v) <int64[1] k = {3}> {
                 v, i = TopK(x, k) }""",
            because="its indices are not used",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape() or ()
        axis = int(draft.attribute("axis", -1))
        length = dims[axis] if dims else None
        if not isinstance(length, int):
            return "the size of its axis is not fixed"
        if length > MOST_LENGTH:
            return f"it selects among {length} elements, over {MOST_LENGTH}"
        if not draft.attribute("sorted", 1):
            return "the order of its outputs is not defined"
        if not draft.wants(1):
            return "its indices are not used"
        if "TopK" in _behind(draft.node.outputs[1], "Cast", "Add"):
            return "its equal values are put in order already"
        axis %= len(dims)
        values, places = draft.ops("TopK", 2, draft.inputs[0], draft.constant([length]), **{**draft.node.attrs, "axis": axis})
        previous = draft.op("Gather", values, draft.constant(np.maximum(np.arange(length) - 1, 0)), axis=axis)
        begins = draft.cast(draft.op("Not", draft.op("Equal", values, previous)), "int32")
        run = draft.op("CumSum", begins, draft.constant(axis))
        key = draft.op("Add", draft.op("Mul", run, draft.constant(length, np.int32)), draft.cast(places, "int32"))
        _, chosen = draft.ops("TopK", 2, key, draft.inputs[1], axis=axis, largest=0)
        index = draft.op("GatherElements", places, chosen, axis=axis)
        if draft.wants(0):
            draft.give(draft.op("GatherElements", draft.inputs[0], index, axis=axis))
        draft.give(index, 1)
        return None


def _behind(tensor: Any, *ops: str) -> set[str]:
    """Return the operators that read a value behind a chain of others."""
    readers = [tensor]
    for op in ops:
        readers = [node.outputs[0] for each in readers for node in each.outputs if node.op == op]
    return {node.op for each in readers for node in each.outputs}
