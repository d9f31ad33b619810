"""OneHot(i, n, [off, on]) = on where i mod n is the index along the new axis, else off."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeOneHot(BuiltRewrite):
    """Write OneHot as a comparison with the indices of the new axis.

    Why: compilers require constant indices, depth and values, or a single dtype for them; Equal, Where and Unsqueeze have
    no such restriction. A negative index counts from the end; an index out of range sets no element to `on`.
    """

    name = "decompose-one-hot"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = ("int32", "int64", "int8", "int16", "uint8", "uint16", "uint32")
    fixes = (FixRule("OneHot"),)
    before = "y = OneHot(indices, depth, values)"
    after = """column = Unsqueeze<axes = [-1]>(indices)
               hit = Equal(column, positions)
               end = Equal(column, negatives)
               found = Or(hit, end)
               y = Where(found, on, off)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 6] x) => (float[N, 6, 3] y)
               <int64 d = {3}, float[2] v = {0, 1}> {
                 i = Cast<to = 7>(x)
                 y = OneHot(i, d, v) }""",
            ops=("Cast", "Unsqueeze", "Equal", "Equal", "Or", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[N, 8] x, float[2] v) => (float[N, 5, 8] y) <int64[1] d = {5}> {
                 i = Cast<to = 7>(x)
                 y = OneHot<axis = 1>(i, d, v) }""",
            ops=("Cast", "Gather", "Gather", "Unsqueeze", "Equal", "Equal", "Or", "Where"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2] x, int64[D] z, float[2] v) => (float[N, E, 2] y) {
                 i = Cast<to = 7>(x)
                 d = Size(z)
                 y = OneHot<axis = 1>(i, d, v) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (int64[] i, float[2] v) => (float[] y) <int64[1] d = {3}> {
                 y = OneHot(i, d, v) }""",
            because="the rank of `i` is unknown",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        known, dims, dtype = draft.known(1), draft.shape(), draft.dtype()
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        indices = draft.inputs[0] if dtype in ("int32", "int64") else draft.cast(draft.inputs[0], "int64")
        dtype = dtype if dtype in ("int32", "int64") else "int64"
        depth: int | str = int(known.reshape(-1)[0]) if known is not None else self._scalar(draft)
        axis = draft.attribute("axis", -1) % (len(dims) + 1)
        places = draft.places(depth, dtype)
        if isinstance(depth, int):
            ends = draft.constant(np.arange(-depth, 0), np.dtype(dtype))
        else:
            ends = draft.op("Sub", places, depth if dtype == "int64" else draft.cast(depth, dtype))
        values = draft.known(2)
        plain = values is not None and values.reshape(-1).tolist() == [0, 1]
        if not plain:
            off, on = (draft.op("Gather", draft.inputs[2], draft.constant([i]), axis=0) for i in range(2))
        column = draft.op("Unsqueeze", indices, axes=[axis])
        spread = list(range(1, len(dims) - axis + 1))
        hit, end = (draft.op("Equal", column, draft.standing(name, spread)) for name in (places, ends))
        found = draft.op("Or", hit, end)
        draft.give(draft.cast(found, draft.dtype(2)) if plain else draft.op("Where", found, on, off))
        return None

    def _scalar(self, draft: ReplacementBuilder) -> str:
        """The depth as a scalar int64."""
        return draft.op("Reshape", draft.cast(draft.inputs[1], "int64"), draft.constant(np.zeros(0, np.int64)))
