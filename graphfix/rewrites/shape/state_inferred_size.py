"""Reshape(x: [n, 4, p, 8], [-1, p, 8]) = Reshape(x, [4n, p, 8]): the size that -1 stands for is a product of dims."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from graphfix.analysis.dims import DimExpr
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""


class StateInferredSize(BuiltRewrite):
    """Write the -1 in the target of a Reshape as the product of the dims that it stands for.

    Why: for -1 a compiler divides the number of elements by the other sizes. With symbolic sizes it does not find a sum again,
    such as the length of a cache and one, in a product that it has multiplied out.
    """

    name = "state-inferred-size"
    safety = Safety.EXACT
    needs_opset = 5
    fixes = (FixRule("Reshape", traits=("sums",)),)
    before = "y = Reshape(x, target)"
    after = """sizes = Shape(x)
               n = Gather(sizes, first)
               many = Mul(n, four)
               others = Slice(target, one, end)
               stated = Concat<axis = 0>(many, others)
               y = Reshape(x, stated)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4, P, 8] x, float[N, 4, 1, 8] z) => (float[A, B, C] y)
               <int64[1] rest = {{-1}}, int64[1] i2 = {{2}}, int64[1] i3 = {{3}}, int64[1] eight = {{8}}> {{
                 c = Concat<axis = 2>(x, z)
                 s = Shape(c)
                 p = Slice(s, i2, i3)
                 t = Concat<axis = 0>(rest, p, eight)
                 y = Reshape(c, t) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, 4, P, 8] x, float[N, 4, 1, 8] z) => (float[A, B, C, D] y)
               <int64[1] rest = {{-1}}, int64[1] i2 = {{2}}, int64[1] i3 = {{3}}, int64[2] ends = {{2, 16}}> {{
                 c = Concat<axis = 2>(x, z)
                 s = Shape(c)
                 p = Slice(s, i2, i3)
                 t = Concat<axis = 0>(p, rest, ends)
                 y = Reshape(c, t) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 6] x) => (float[A, B] y) <int64[2] t = {{4, -1}}> {{ y = Reshape(x, t) }}""",
            because="what -1 stands for is no product of dims of `x`",
        ),
        Case(
            f"""{HEAD} (float[N, 6] x, int64[2] t) => (float[A, B] y) {{ y = Reshape(x, t) }}""",
            because="its target is computed from values, not from dims alone",
        ),
        Case(f"""{HEAD} (float[N, 6] x) => (float[A, 3] y) <int64[3] t = {{0, 2, 3}}> {{ y = Reshape(x, t) }}"""),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        tracer = Tracer(draft.surgery)
        target, dims = tracer.elements(draft.node.inputs[1]), tracer.shape(draft.node.inputs[0])
        name = draft.node.inputs[0].name
        if target is None or dims is None:
            return "its target is computed from values, not from dims alone"
        places = [place for place, size in enumerate(target) if size.number == -1]
        if len(places) != 1:
            return ""
        place = places[0]
        others = [
            dims[at] if size.number == 0 and not draft.attribute("allowzero", 0) and at < len(dims) else size
            for at, size in enumerate(target)
            if at != place
        ]
        found = _left(dims, others)
        if found is None:
            return f"what -1 stands for is no product of dims of `{name}`"
        axes, times = found
        made = draft.constant(np.asarray([times])) if not axes or times != 1 else ""
        for axis in axes:
            size = draft.op("Gather", draft.op("Shape", draft.inputs[0]), draft.constant(np.asarray([axis])), axis=0)
            made = draft.op("Mul", size, made) if made else size
        parts = [_part(draft, 0, place), made, _part(draft, place + 1, len(target))]
        draft.give(draft.op("Reshape", draft.inputs[0], draft.op("Concat", *filter(None, parts), axis=0), **draft.node.attrs))
        return None


def _left(dims: Sequence[DimExpr], others: Sequence[DimExpr]) -> tuple[list[int], int] | None:
    """The axes whose dims no other size of the target takes, and the number that their product is to be multiplied by."""
    free = list(range(len(dims)))
    numbers = []
    for size in others:
        same = next((axis for axis in free if dims[axis] == size and size.number is None), None)
        if same is not None:
            free.remove(same)
        elif size.number is not None:
            numbers.append(size.number)
        else:
            return None
    have = math.prod(number for axis in free if (number := dims[axis].number) is not None)
    want = math.prod(numbers)
    axes = [axis for axis in free if dims[axis].number is None]
    return (axes, have // want) if want > 0 and have % want == 0 and have else None


def _part(draft: ReplacementBuilder, start: int, end: int) -> str:
    """Return these elements of the target; empty where there are none."""
    if start == end:
        return ""
    known = draft.known(1)
    if known is not None:
        return draft.constant(known[start:end])
    return draft.op("Slice", draft.inputs[1], draft.constant(np.asarray([start])), draft.constant(np.asarray([end])))
