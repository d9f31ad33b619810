"""Pad(x, [0, p]) = Concat(x, zeros of p columns): what is padded by a computed number is joined to the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from onnx import numpy_helper

from graphfix.rewrites.convolution.rounded_up import round_up
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.element_sources import ElementSources
from graphfix.rewriting.integer_ranges import IntegerRanges
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, Declined, FixRule, Key, Safety
from graphfix.rewriting.size_bounds import least
from graphfix.rewriting.symbolic_shapes import Tracer

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""


class PadByConcat(BuiltRewrite):
    """Join a constant of computed size to the data, on each side that a Pad pads by a computed number.

    Why: a compiler may want the pads of Pad as numbers, and yet join tensors of computed sizes. Image encoders pad to a multiple
    of their window in this way. The numbers must not be negative, which would crop; this follows from how they are computed.
    What a size lacks to a multiple is then computed without remainders of negative numbers, see `rounded_up`.
    """

    name = "pad-by-concat"
    safety = Safety.EXACT
    needs_opset = 11
    dtypes = (*FLOATS, "int32", "int64", "bool")
    fixes = (FixRule("Pad"),)
    before = "y = Pad(x, pads)"
    after = """columns = ConstantOfShape([rows, p])
               y = Concat<axis = 1>(x, columns)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[2, N] x) => (float[2, M] y)
               <int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] eight = {{8}}, int64[3] none = {{0, 0, 0}}> {{
                 s = Shape(x)
                 n = Slice(s, one, two)
                 r = Mod(n, eight)
                 p = Sub(eight, r)
                 pads = Concat<axis = 0>(none, p)
                 y = Pad(x, pads) }}""",
            ops=("Shape", "Slice", "Mod", "Sub", "Concat", "Slice", "Concat", "ConstantOfShape", "Concat"),
        ),
        Case(
            f"""{HEAD} (float[N, 3] u) => (float[M, 3] y, int64[1] t)
               <int64[1] none = {{0}}, int64[1] one = {{1}}, int64[1] step = {{3}}, int64[3] far = {{1, 0, 0}}> {{
                 x = Concat<axis = 0>(u, u, u)
                 s = Shape(x)
                 n = Slice(s, none, one)
                 r = Mod(n, step)
                 d = Sub(step, r)
                 p = Mod(d, step)
                 t = Add(n, p)
                 q = Add(p, one)
                 pads = Concat<axis = 0>(q, far)
                 y = Pad(x, pads) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, N] x) => (float[2, M] y)
               <int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] step = {{4}}, int64[1] less = {{3}},
                int64[3] none = {{0, 0, 0}}> {{
                 s = Shape(x)
                 n = Slice(s, one, two)
                 a = Add(n, less)
                 b = Div(a, step)
                 c = Mul(b, step)
                 d = Sub(c, n)
                 p = Add(d, one)
                 pads = Concat<axis = 0>(none, p)
                 z = Pad(x, pads)
                 y = Concat<axis = 1>(z, x) }}""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[A, N] x) => (float[B, M] y)
               <int64[2] pair = {-1, 2}, int64[1] last = {-1}, int64[1] far = {-9223372036854775807}, int64[1] first = {0},
                int64[1] one = {1}, float fill = {2}> {
                 s = Shape(x)
                 n = Slice(s, first, one)
                 pads = Concat<axis = 0>(n, one, first, n)
                 pairs = Reshape(pads, pair)
                 turned = Slice(pairs, last, far, first, last)
                 across = Transpose<perm = [1, 0]>(turned)
                 flat = Reshape(across, last)
                 y = Pad(x, flat, fill) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[2, 5] x) => (float[2, 7] y) <int64[4] p = {{0, 2, 0, 0}}> {{ y = Pad(x, p) }}""",
            because="its pads are numbers",
        ),
        Case(
            f"""{HEAD} (float[2, 5] x, int64[4] p) => (float[N, M] y) {{ y = Pad(x, p) }}""",
            because="a pad, computed as `p`, may be negative",
        ),
        Case(
            f"""{HEAD} (float[2, 5] x, int64[4] p) => (float[N, M] y) {{ y = Pad<mode = "reflect">(x, p) }}""",
            because="mode `reflect` repeats elements of the input",
        ),
        Case(
            f"""{HEAD} (float[2, 5] x, int64[K] p) => (float[N, M] y) {{ y = Pad(x, p) }}""",
            because="the number of its pads is not known",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        fired = False
        for event in super().edit(surgery, wanted):
            fired = fired or not isinstance(event, Declined)
            yield event
        if fired:
            yield from round_up(surgery)

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, mode = draft.shape(), draft.attribute("mode", "constant")
        if mode != "constant":
            return f"mode `{mode}` repeats elements of the input"
        if draft.known(1) is not None:
            return "its pads are numbers"
        if shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axes = np.arange(len(shape)) if not draft.has(3) else draft.known(3)
        if axes is None:
            return "its axes are not known"
        pads = ElementSources(draft.surgery).of(draft.node.inputs[1])
        if pads is None or len(pads) != 2 * axes.size:
            return "the number of its pads is not known"
        ranges, sizes = IntegerRanges(draft.surgery), Tracer(draft.surgery)
        for pad in pads:
            if not _never_negative(pad, ranges, sizes):
                return f"a pad, computed as `{pad[0].name}`, may be negative" if isinstance(pad, tuple) else "it crops"
        whole = [pad if isinstance(pad, int) else 0 for pad in pads]
        x = draft.op("Pad", draft.inputs[0], draft.constant(whole), *draft.inputs[2:]) if any(whole) else draft.inputs[0]
        for at, pad in enumerate(pads):
            if isinstance(pad, tuple):
                axis = int(axes[at % axes.size]) % len(shape)
                amount = draft.op("Slice", draft.inputs[1], starts=[at], ends=[at + 1], axes=[0])
                added = _filled(draft, _dims(draft, x, shape, axis, amount))
                x = draft.op("Concat", *([added, x] if at < axes.size else [x, added]), axis=axis)
        draft.give(x)
        return None


def _never_negative(pad: Any, ranges: IntegerRanges, sizes: Tracer) -> bool:
    """Whether a pad is 0 or more: a number, or an element of a tensor by its range or as an expression of dims."""
    if isinstance(pad, int):
        return pad >= 0
    tensor, index = pad
    span, elements = ranges.of(tensor), sizes.elements(tensor)
    return (span is not None and span[0] >= 0) or (
        elements is not None and index < len(elements) and least(elements[index]).never_negative
    )


def _dims(draft: ReplacementBuilder, x: str, shape: tuple[int | str | None, ...], axis: int, amount: str) -> str:
    """Return the dims of what is joined to `x`: those of `x`, but `amount` along the axis."""
    parts, held = [], [*shape[:axis], *shape[axis + 1 :]]
    if x == draft.inputs[0] and all(isinstance(dim, int) for dim in held):
        ends = [draft.constant(np.asarray(part, np.int64)) for part in (shape[:axis], shape[axis + 1 :]) if part]
        return draft.op("Concat", *ends[: axis > 0], amount, *ends[axis > 0 :], axis=0)
    dims = draft.op("Shape", x)
    if axis > 0:
        parts.append(draft.op("Slice", dims, starts=[0], ends=[axis], axes=[0]))
    parts.append(amount)
    if axis + 1 < len(shape):
        parts.append(draft.op("Slice", dims, starts=[axis + 1], ends=[len(shape)], axes=[0]))
    return draft.op("Concat", *parts, axis=0) if len(parts) > 1 else amount


def _filled(draft: ReplacementBuilder, dims: str) -> str:
    """Return a tensor of these dims, filled with the node's constant value."""
    value = draft.known(2) if draft.has(2) else np.zeros((), draft.surgery.dtype(draft.node.inputs[0]))
    if value is None:
        return draft.op("Expand", draft.reshape(draft.inputs[2], [1]), dims)
    return draft.op("ConstantOfShape", dims, value=numpy_helper.from_array(value.reshape(1)))
