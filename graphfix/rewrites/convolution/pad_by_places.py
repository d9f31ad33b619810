"""Pad<reflect>(x, [0, p]) = Gather(x, m - |m - i|) for i = 0 ... n + p - 1 and m = n - 1, the last of n places."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.element_sources import ElementSources
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""
MODES = frozenset({"reflect", "edge", "wrap"})


class PadByPlaces(BuiltRewrite):
    """Write a reflect, edge or wrap Pad of computed amounts, or of dynamic dims, as one Gather for each axis that it pads.

    Why: a compiler may want the pads of Pad as numbers, and yet read at indices computed from sizes. Networks that restore images
    pad height and width to a multiple of their windows in this way.
    """

    name = "pad-by-places"
    safety = Safety.EXACT
    needs_opset = 12
    fixes = (FixRule("Pad"),)
    before = """y = Pad<mode = "reflect">(x, pads)"""
    after = """i = Range(zero, length, one)
               d = Sub(last, i)
               a = Abs(d)
               places = Sub(last, a)
               y = Gather<axis = 1>(x, places)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[2, N] x) => (float[2, M] y)
               <int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] eight = {{2}}, int64[3] none = {{0, 0, 0}}> {{
                 s = Shape(x)
                 n = Slice(s, one, two)
                 p = Mod(n, eight)
                 pads = Concat<axis = 0>(none, p)
                 h = Concat<axis = 1>(x, x)
                 y = Pad<mode = "reflect">(h, pads) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, M] x) => (float[N, K] y) <int64[4] p = {{0, 2, 0, 0}}> {{
                 h = Concat<axis = 1>(x, x, x)
                 y = Pad<mode = "reflect">(h, p) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[N, M] x) => (float[N, K] y) <int64[4] p = {{0, 2, 0, 1}}> {{ y = Pad<mode = "edge">(x, p) }}""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[N, M] x) => (float[N, K] y)
               <int64[2] p = {1, 1}, int64[1] a = {-1}> {
                 h = Concat<axis = 1>(x, x)
                 y = Pad<mode = "wrap">(h, p, , a) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, M] x, int64[4] p) => (float[K, L] y) {{ y = Pad(x, p) }}""",
            because="mode `constant` adds values that are not there",
        ),
        Case(
            f"""{HEAD} (float[N, 5] x) => (float[N, 8] y) <int64[4] p = {{0, 2, 0, 1}}> {{ y = Pad<mode = "reflect">(x, p) }}""",
            because="what it pads is fixed",
        ),
        Case(
            f"""{HEAD} (float[N, M] x, int64[K] p) => (float[A, B] y) {{ y = Pad<mode = "reflect">(x, p) }}""",
            because="the axes that it pads are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        mode, dims = draft.attribute("mode", "constant"), draft.shape()
        if mode not in MODES:
            return f"mode `{mode}` adds values that are not there"
        axes = draft.known(3) if draft.has(3) else np.arange(len(dims or ()))
        pads = ElementSources(draft.surgery).of(draft.node.inputs[1]) if draft.has(1) else None
        if dims is None or axes is None or pads is None or len(pads) != 2 * axes.size:
            return "the axes that it pads are not known"
        sides = [(place, int(axis) % len(dims), pads[place], pads[len(axes) + place]) for place, axis in enumerate(axes)]
        padded = [side for side in sides if side[2:] != (0, 0)]
        if all(isinstance(part, int) for _, axis, before, after in padded for part in (before, after, dims[axis])):
            return "what it pads is fixed"
        made = "in0"
        for place, axis, before, after in padded:
            ends = [
                amount if isinstance(amount, int) else draft.op("Gather", "in1", draft.constant(at), axis=0)
                for amount, at in ((before, place), (after, len(axes) + place))
            ]
            made = draft.op("Gather", made, _places(draft, str(mode), draft.size(axis), *ends), axis=axis)
        draft.give(made)
        return None


def _places(draft: ReplacementBuilder, mode: str, size: int | str, before: int | str, after: int | str) -> str:
    """Return the places that a padded axis reads: from `before` places ahead of the first to `after` behind the last."""
    zero, one, length = draft.constant(0), draft.constant(1), draft.scalar(size)
    first = draft.constant(-before) if isinstance(before, int) else draft.op("Neg", before)
    behind = length if after == 0 else draft.op("Add", length, draft.scalar(after))
    places = draft.op("Range", first, behind, one)
    if mode == "wrap":
        return draft.op("Mod", places, length)
    last = draft.op("Sub", length, one)
    if mode == "edge":
        return draft.op("Min", draft.op("Max", places, zero), last)
    places = places if before == 0 else draft.op("Abs", places)
    return places if after == 0 else draft.op("Sub", last, draft.op("Abs", draft.op("Sub", last, places)))
