"""Slice(x, [-3], [dim 0 of x]) = Slice(x, [-3], [end of time], [0], [1]): every bound, axis and step a constant of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from onnx import helper

from graphfix.analysis.dims import DimExpr, expression
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer

END = np.iinfo(np.int64).max
"""The end of a slice that extends to the end of its axis."""


class ExplicitSlice(BuiltRewrite):
    """Write a Slice with explicit non-negative axes and steps, and with a constant end in place of the length of its axis.

    Why: compilers expect as many bounds as axes, some reject negative axes, and most cannot evaluate a bound that is
    computed at run time from the length of the sliced axis.
    """

    name = "explicit-slice"
    safety = Safety.EXACT
    fixes = (FixRule("Slice"), *(FixRule(op, kinds=("operand", "form", "operator", "dtype")) for op in ("Shape", "Size")))
    before = "y = Slice(x, starts, ends)"
    after = "y = Slice(x, starts, ends, axes, steps)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[A, B] y)
               <int64[1] s = {1}, int64[1] i1 = {1}, int64[1] last = {-1}> {
                 shape = Shape(x)
                 n = Gather(shape, i1)
                 y = Slice(x, s, n, last) }""",
            ops=("Slice",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, N] x) => (float[A, B] y)
               <int32[1] s = {1}, int32[1] e = {3}> { y = Slice(x, s, e) }""",
            ops=("Slice",),
        ),
        Case(
            """<ir_version: 4, opset_import: ["" : 9]> g (float[4, N] x) => (float[A, B] y) {
                 y = Slice<starts = [-2], ends = [5], axes = [-2]>(x) }""",
            ops=("Slice",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, M] x) => (float[A, B] y)
               <int64[1] s = {0}, int64[1] i1 = {1}, int64[1] one = {1}> {
                 shape = Shape(x)
                 m = Gather(shape, i1)
                 e = Sub(m, one)
                 y = Slice(x, s, e, one) }""",
            ops=("Slice",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x, int64[1] e) => (float[A, B] y) <int64[1] s = {0}> {
                 y = Slice(x, s, e) }""",
            because="its ends are computed from values, not from dims alone",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x, float[M] z) => (float[A, B] y) <int64[1] s = {0}> {
                 e = Shape(z)
                 y = Slice(x, s, e) }""",
            because="its end M is neither a number nor counted from the end of axis 0",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 5] x) => (float[A, B] y)
               <int64[1] s = {0}, int64[1] e = {2}, int64[1] a = {1}, int64[1] p = {1}> { y = Slice(x, s, e, a, p) }""",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        tracer, dims = Tracer(draft.surgery), None
        if draft.shape() is not None:
            dims = tracer.shape(draft.node.inputs[0])
        found: list[tuple[DimExpr, ...] | None] = []
        for position, name in ((1, "starts"), (2, "ends")):
            given = tracer.elements(draft.node.inputs[position]) if draft.has(position) else None
            numbers = draft.attribute(name)
            found.append(given if numbers is None else tuple(expression(int(n)) for n in numbers))
            if found[-1] is None:
                return f"its {name} are computed from values, not from dims alone"
        starts, ends = (sizes for sizes in found if sizes is not None)
        axes = tracer.constant(draft.node, 3, "axes") if draft.has(3) or "axes" in draft.node.attrs else list(range(len(starts)))
        steps = tracer.constant(draft.node, 4) if draft.has(4) else [1] * len(starts)
        if axes is None or steps is None:
            return f"its {'axes' if axes is None else 'steps'} are not known"
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        axes = [axis % len(dims) for axis in axes]
        bounds = [_bound(size, dims[axis]) for sizes in (starts, ends) for size, axis in zip(sizes, axes, strict=True)]
        for bound, size, axis, which in zip(bounds, (*starts, *ends), (*axes, *axes), _which(len(axes)), strict=True):
            if bound is None:
                return f"its {which} {size} is neither a number nor counted from the end of axis {axis}"
        numbers = [bound for bound in bounds if bound is not None]
        return _write(draft, numbers[: len(axes)], numbers[len(axes) :], axes, steps)


def _which(count: int) -> list[str]:
    return ["start"] * count + ["end"] * count


def _bound(size: DimExpr, dim: DimExpr) -> int | None:
    """Return a bound as a number: the constant, or a negative index where it is the axis length minus a constant."""
    if size.number is not None:
        return size.number
    if size == dim:
        return int(END)
    less = (size - dim).number
    return less if less is not None and less < 0 else None


def _write(
    draft: ReplacementBuilder, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int], steps: Sequence[int]
) -> str | None:
    """Write the Slice with all operands explicit; returns an empty reason where the node has this form already."""
    if draft.surgery.opset < 10:
        given: dict[str, Any] = {"starts": list(starts), "ends": list(ends), "axes": list(axes)}
        if all(list(draft.attribute(name, ())) == numbers for name, numbers in given.items()):
            return ""
        draft.nodes.append(helper.make_node("Slice", ["in0"], ["cut"], **given))
    else:
        wanted = [np.asarray(numbers, np.int64) for numbers in (starts, ends, axes, steps)]
        known = [draft.known(position) for position in range(1, 5)]
        if all(k is not None and k.dtype == np.int64 and np.array_equal(k, w) for k, w in zip(known, wanted, strict=True)):
            return ""
        draft.nodes.append(helper.make_node("Slice", ["in0", *map(draft.constant, wanted)], ["cut"]))
    draft.give("cut")
    return None
