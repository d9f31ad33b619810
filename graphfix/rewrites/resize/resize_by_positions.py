"""Resize<nearest>(x) = Gather(x, round(i / scale)): the positions that a result reads are computed where its size is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from graphfix.rewrites.resize.resize_by_scales import whole_multiples
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety
from graphfix.rewriting.symbolic_shapes import Tracer

MODES = frozenset({"nearest", "linear", "cubic"})
GRIDS = frozenset({"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"})
LONGEST = 1 << 15
"""The size up to which a quotient of whole numbers is compared with the size that follows from the scale."""
HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""
OTHER = f"""{HEAD} (float[N, 2, H, W] x, float[N, 1, K, L] z) => (float[A, B, C, D] y)
            <int64[1] i0 = {{0}}, int64[1] i2 = {{2}}, int64[1] i4 = {{4}}> {{
              sx = Shape(x)
              sz = Shape(z)
              head = Slice(sx, i0, i2)
              tail = Slice(sz, i2, i4)
              sizes = Concat<axis = 0>(head, tail)
              """


class ResizeByPositions(BuiltRewrite):
    """Write a Resize of dynamic dims as Gathers at positions that are computed from the sizes, and weigh what they read.

    Why: a compiler with symbolic sizes has no expression for half of a dim, or wants the sizes of Resize as numbers, as a
    decoder has them that brings a map to the size of another one. It takes Gather with computed indices. One Gather an axis
    for nearest, two for linear, four for cubic.
    """

    name = "resize-by-positions"
    safety = Safety.EXACT
    needs_opset = 13
    ulps = 64
    differs_at = ("nan", "inf")
    fixes = (FixRule("Resize"),)
    before = """y = Resize<mode = "nearest">(x, roi, scales)"""
    after = """i = Range(zero, length, one)
               position = Div(i, scale)
               places = Floor(position)
               y = Gather<axis = 2>(x, places)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, 2, H, W] x) => (float[A, B, C, D] y) <float[4] s = {{1, 1, 1.5, 0.5}}> {{
                 h = Concat<axis = 2>(x, x)
                 w = Concat<axis = 3>(h, h)
                 y = Resize<mode = "nearest">(w, , s) }}""",
            ops=("*",),
        ),
        Case(OTHER + """y = Resize<mode = "linear">(x, , , sizes) }""", ops=("*",)),
        Case(
            OTHER + """y = Resize<mode = "linear", coordinate_transformation_mode = "align_corners">(x, , , sizes) }""",
            ops=("*",),
        ),
        Case(
            OTHER
            + """y = Resize<mode = "cubic", cubic_coeff_a = -0.5,
                                  coordinate_transformation_mode = "pytorch_half_pixel">(x, , , sizes) }""",
            ops=("*",),
        ),
        Case(
            OTHER + """y = Resize<nearest_mode = "floor", coordinate_transformation_mode = "asymmetric">(x, , , sizes) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[1, 2, 4, 4] x) => (float[A, B, C, D] y) <float[4] s = {{1, 1, 1.5, 0.5}}> {{
                 y = Resize(x, , s) }}""",
            because="what it resizes is fixed",
        ),
        Case(
            f"""{HEAD} (float[1, 2, H, 4] x) => (float[A, B, C, D] y) <float[4] s = {{1, 1, 2, 2}}> {{
                 y = Resize(x, , s) }}""",
            because="its sizes are multiples of the dims of `x`",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 18]> g (float[1, 2, H, 4] x) => (float[A, B, C, D] y)
               <float[4] s = {1, 1, 0.5, 0.5}> { y = Resize<mode = "linear", antialias = 1>(x, , s) }""",
            because="it filters as it resizes",
        ),
        Case(
            f"""{HEAD} (float[1, 1, H, W] x, float[4] s) => (float[A, B, C, D] y) {{ y = Resize(x, , s) }}""",
            because="its scales are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        mode, dims = str(draft.attribute("mode", "nearest")), draft.shape()
        if unusual := _unusual(draft, mode):
            return unusual
        if dims is None:
            return "the rank of its data is not known"
        name = draft.node.inputs[0].name
        scales = draft.known(2) if not draft.has(3) else whole_multiples(draft)
        if scales is not None and all(float(scale).is_integer() for scale in np.asarray(scales).reshape(-1)):
            return f"its sizes are multiples of the dims of `{name}`"
        axes = _by_sizes(draft) if draft.has(3) else _by_scales(draft)
        if isinstance(axes, str):
            return axes
        if all(isinstance(side, int) for each in axes for side in (each.before, each.after)):
            return "what it resizes is fixed"
        made = "in0"
        for each in axes:
            made = _WEIGHED[mode](draft, made, each, len(dims))
        draft.give(made)
        return None


@dataclass(frozen=True, slots=True)
class _Axis:
    """An axis, its sizes before and after as numbers or scalar int64 values, and the scale as a float value."""

    axis: int
    before: int | str
    after: int | str
    scale: str


def _unusual(draft: ReplacementBuilder, mode: str) -> str | None:
    """What of a node is not written as positions."""
    grid = draft.attribute("coordinate_transformation_mode", "half_pixel")
    if mode not in MODES or grid not in GRIDS:
        return f"its positions are those of `{grid}`, mode `{mode}`"
    if draft.attribute("antialias", 0) or draft.attribute("exclude_outside", 0):
        return "it filters as it resizes"
    if draft.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
        return "it keeps the aspect ratio: the scales depend on each other"
    if mode != "nearest" and draft.dtype() != "float32":
        return "its data is not float32"
    return None


def _by_scales(draft: ReplacementBuilder) -> list[_Axis] | str:
    """The axes that constant scales resize; or why they cannot be told."""
    dims, scales = draft.shape() or (), draft.known(2)
    if scales is None:
        return "its scales are not known"
    made = []
    for axis, scale in zip(draft.attribute("axes", range(len(dims))), scales.astype(np.float32).reshape(-1), strict=True):
        if scale == 1:
            continue
        ratio = _ratio(scale)
        if ratio is None:
            return f"scale {scale:g} is no quotient of small whole numbers"
        before = draft.size(axis % len(dims))
        if isinstance(before, int):
            after: int | str = before * ratio.numerator // ratio.denominator
        else:
            many = ratio.numerator
            multiple = before if many == 1 else draft.op("Mul", before, draft.constant(many))
            after = multiple if ratio.denominator == 1 else draft.op("Div", multiple, draft.constant(ratio.denominator))
        made.append(_Axis(axis % len(dims), before, after, draft.constant(scale, np.float32)))
    return made


def _ratio(scale: np.float32) -> Fraction | None:
    """The quotient of whole numbers that gives the size onnxruntime rounds the product with the scale down to."""
    if not np.isfinite(scale) or scale <= 0:
        return None
    ratio = Fraction(float(scale)).limit_denominator(1000)
    sizes = np.arange(1, LONGEST)
    wanted = np.floor(sizes.astype(np.float32) * scale).astype(np.int64)
    return ratio if np.array_equal(sizes * ratio.numerator // ratio.denominator, wanted) else None


def _by_sizes(draft: ReplacementBuilder) -> list[_Axis] | str:
    """The axes that sizes, which are computed from dims, change; or why they cannot be told."""
    tracer = Tracer(draft.surgery)
    sizes, dims = tracer.elements(draft.node.inputs[3]), tracer.shape(draft.node.inputs[0])
    if sizes is None or dims is None:
        return "its sizes are not followed to dims"
    made = []
    for place, axis in enumerate(axis % len(dims) for axis in draft.attribute("axes", range(len(dims)))):
        if sizes[place] == dims[axis]:
            continue
        known, before = sizes[place].number, draft.size(axis)
        after = int(known) if known is not None else draft.op("Gather", "in3", draft.constant(place), axis=0)
        scale = draft.op("Div", _float(draft, after), _float(draft, before))
        made.append(_Axis(axis, before, after, scale))
    return made


def _float(draft: ReplacementBuilder, size: int | str) -> str:
    return draft.constant(size, np.float32) if isinstance(size, int) else draft.cast(size, "float32")


def _one(draft: ReplacementBuilder, number: float) -> str:
    return draft.constant(number, np.float32)


def _positions(draft: ReplacementBuilder, each: _Axis) -> str:
    """Return the positions in the data, as float32 values, of the elements along an axis of the result."""
    grid = draft.attribute("coordinate_transformation_mode", "half_pixel")
    places = draft.places(each.after, "float32")
    if grid == "align_corners":
        reach = draft.op("Sub", _float(draft, each.before), _one(draft, 1))
        steps = draft.op("Max", draft.op("Sub", _float(draft, each.after), _one(draft, 1)), _one(draft, 1))
        return draft.op("Div", draft.op("Mul", places, reach), steps)
    if grid == "asymmetric":
        return draft.op("Div", places, each.scale)
    middles = draft.op("Div", draft.op("Add", places, _one(draft, 0.5)), each.scale)
    if grid == "tf_half_pixel_for_nn":
        return middles
    positions = draft.op("Sub", middles, _one(draft, 0.5))
    if grid == "half_pixel":
        return positions
    several = draft.op("Min", draft.op("Sub", _float(draft, each.after), _one(draft, 1)), _one(draft, 1))
    return draft.op("Mul", positions, several)


def _inside(draft: ReplacementBuilder, positions: str, each: _Axis) -> str:
    """Return positions moved to the nearest that the data has."""
    last = draft.op("Sub", _float(draft, each.before), _one(draft, 1))
    return draft.op("Min", draft.op("Max", positions, _one(draft, 0)), last)


def _read(draft: ReplacementBuilder, data: str, positions: str, each: _Axis) -> str:
    return draft.op("Gather", data, draft.cast(positions, "int64"), axis=each.axis)


def _nearest(draft: ReplacementBuilder, data: str, each: _Axis, _rank: int) -> str:
    rounding = draft.attribute("nearest_mode", "round_prefer_floor")
    positions = _positions(draft, each)
    if rounding == "round_prefer_floor":
        positions = draft.op("Ceil", draft.op("Sub", positions, _one(draft, 0.5)))
    elif rounding == "round_prefer_ceil":
        positions = draft.op("Floor", draft.op("Add", positions, _one(draft, 0.5)))
    else:
        positions = draft.op("Ceil" if rounding == "ceil" else "Floor", positions)
    return _read(draft, data, _inside(draft, positions, each), each)


def _linear(draft: ReplacementBuilder, data: str, each: _Axis, rank: int) -> str:
    positions = _inside(draft, _positions(draft, each), each)
    below = draft.op("Floor", positions)
    above = _inside(draft, draft.op("Add", below, _one(draft, 1)), each)
    share = draft.op("Sub", positions, below)
    rest = draft.op("Sub", _one(draft, 1), share)
    return _sum(draft, data, [(below, rest), (above, share)], each, rank)


def _cubic(draft: ReplacementBuilder, data: str, each: _Axis, rank: int) -> str:
    coefficient = draft.attribute("cubic_coeff_a", -0.75)
    positions = _positions(draft, each)
    below = draft.op("Floor", positions)
    share = draft.op("Sub", positions, below)
    rest = draft.op("Sub", _one(draft, 1), share)
    parts = []
    for step, near, far in ((0, share, rest), (1, rest, share)):
        square = draft.op("Mul", near, near)
        line = draft.op("Sub", draft.op("Mul", near, _one(draft, coefficient + 2)), _one(draft, coefficient + 3))
        inner = draft.op("Add", draft.op("Mul", line, square), _one(draft, 1))
        outer = draft.op("Mul", draft.op("Mul", near, _one(draft, coefficient)), draft.op("Mul", far, far))
        parts += [(step, inner), (3 * step - 1, outer)]
    taps = [(_inside(draft, draft.op("Add", below, _one(draft, step)), each), weight) for step, weight in parts]
    return _sum(draft, data, taps, each, rank)


def _sum(draft: ReplacementBuilder, data: str, taps: list[tuple[str, str]], each: _Axis, rank: int) -> str:
    """Return the sum of what is read at positions along an axis, times their weights."""
    terms = []
    for positions, weights in taps:
        behind = list(range(1, rank - each.axis))
        weights = draft.op("Unsqueeze", weights, axes=behind) if behind else weights
        terms.append(draft.op("Mul", _read(draft, data, positions, each), weights))
    made = terms[0]
    for term in terms[1:]:
        made = draft.op("Add", made, term)
    return made


_WEIGHED = {"nearest": _nearest, "linear": _linear, "cubic": _cubic}
