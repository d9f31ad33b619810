"""GatherND(x, i) = Gather(flat(x), i . strides): indices along several axes are one index along the flattened axis."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class GatherNdByGather(BuiltRewrite):
    """Write GatherND or GatherElements as a Gather along one flattened axis.

    Why: every compiler supports Gather along one axis; GatherND and GatherElements are supported less often, and some
    compilers compute negative indices wrongly. Constant indices are converted here, others by a multiplication and a sum.
    """

    name = "gather-nd-by-gather"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("GatherND"), FixRule("GatherElements"))
    ops = ("GatherElements",)
    before = "y = GatherND(x, indices)"
    after = """flat = Reshape(x, dims)
               y = Gather(flat, places)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 3, N] x) => (float[2, N] y)
               <int64[2, 2] i = {1, 2, 0, -1}> { y = GatherND(x, i) }""",
            ops=("Reshape", "Gather"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[4, 4, 2] x, int64[3, 2] i) => (float[3, 2] y)
               <int64 two = {2}> {
                 j = Sub(i, two)
                 y = GatherND(x, j) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[3, 2] x) => (float[2, 2] y)
               <int64[2, 2] i = {1, -1, 0, 2}> { y = GatherElements(x, i) }""",
            ops=("Reshape", "Gather"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 5, 2] x, float[N, 5] s) => (float[N, 3, 2] y)
               <int64[1] three = {3}, int64[1] last = {-1}, int64[3] twice = {1, 1, 2}> {
                 v, i = TopK(s, three)
                 j = Unsqueeze(i, last)
                 k = Tile(j, twice)
                 y = GatherElements<axis = 1>(x, k) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 4] x, int32[2, 3] i) => (float[2, 3] y)
               <int32 two = {2}> {
                 j = Sub(i, two)
                 y = GatherElements<axis = 1>(x, j) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, N, 3] x, int64[3, 2] i) => (float[3, 3] y) {
                 y = GatherND(x, i) }""",
            because="the axes of `x` that it picks along are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[2, 4] x, int64[2, 1] i) => (float[2] y) {
                 y = GatherND<batch_dims = 1>(x, i) }""",
            because="it picks for each entry of a batch",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        return _elements(draft) if draft.node.op == "GatherElements" else _nd(draft)


def _nd(draft: ReplacementBuilder) -> str | None:
    shape, where = draft.shape(), draft.shape(1)
    if draft.attribute("batch_dims", 0):
        return "it picks for each entry of a batch"
    depth = where[-1] if where else None
    if shape is None or not isinstance(depth, int) or not depth or not all(isinstance(dim, int) for dim in shape[:depth]):
        return f"the axes of `{draft.node.inputs[0].name}` that it picks along are not fixed"
    dims = np.asarray(shape[:depth], np.int64)
    if sum(not isinstance(dim, int) for dim in shape[depth:]) > 1:
        return f"several dims of `{draft.node.inputs[0].name}` are not fixed"
    strides = np.concatenate([np.cumprod(dims[::-1])[::-1][1:], [1]]).astype(np.int64)
    known = draft.known(1)
    if known is not None:
        places = draft.constant((np.where(known < 0, known + dims, known) * strides).sum(-1))
    else:
        positive = _positive(draft, draft.cast("in1", "int64"), dims)
        places = draft.op("ReduceSum", draft.op("Mul", positive, draft.constant(strides)), axes=[-1], keepdims=0)
    rest = [dim if isinstance(dim, int) else -1 for dim in shape[depth:]]
    draft.give(draft.op("Gather", draft.reshape("in0", [int(dims.prod()), *rest]), places, axis=0))
    return None


def _elements(draft: ReplacementBuilder) -> str | None:
    shape, where = list(draft.shape() or ()), list(draft.shape(1) or ())
    axis = draft.attribute("axis", 0) % max(1, len(shape))
    batched = axis > 0 and isinstance(shape[0], str) and shape[:1] == where[:1]
    if batched:
        shape[0] = where[0] = 1
    fixed, picked = ([int(dim) for dim in dims if isinstance(dim, int)] for dims in (shape, where))
    if not shape or len(fixed) != len(shape) or len(picked) != len(shape):
        return f"the axes of `{draft.node.inputs[0].name}` that it picks along are not fixed"
    strides = np.concatenate([np.cumprod(np.asarray(fixed[::-1], np.int64))[::-1][1:], [1]]).astype(np.int64)
    grid = np.indices(picked)
    others = np.asarray(sum(grid[i] * strides[i] for i in range(len(fixed)) if i != axis), np.int64)
    known = draft.known(1)
    if known is not None:
        places = draft.constant(others + np.where(known < 0, known + fixed[axis], known) * strides[axis])
    else:
        positive = _positive(draft, draft.cast("in1", "int64"), np.asarray(fixed[axis], np.int64))
        places = draft.op("Add", draft.op("Mul", positive, draft.constant(strides[axis])), draft.constant(others))
    if batched:
        entry = draft.op("Mul", draft.places(draft.size(0)), draft.constant(strides[0]))
        places = draft.op("Add", places, draft.reshape(entry, [-1] + [1] * (len(fixed) - 1)))
    draft.give(draft.op("Gather", draft.reshape("in0", [-1]), places, axis=0))
    return None


def _positive(draft: ReplacementBuilder, places: str, dims: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
    """Return the indices counted from the front: the size of the axis is added to negative ones."""
    below = draft.op("Less", places, draft.constant(0))
    return draft.op("Where", below, draft.op("Add", places, draft.constant(dims)), places)
