"""GridSample(x, g)[p] = sum over near pixels q of w_q(p) * x[q], where p is g scaled from -1..1 to pixels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.resize.grid_sampling import Sampler
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MODES = {"bilinear": "linear", "linear": "linear", "nearest": "nearest", "bicubic": "cubic", "cubic": "cubic"}


class DecomposeGridSample(BuiltRewrite):
    """Sample an image by Gather at the pixels around each place, weighed by their distance.

    Why: compilers have GridSample for some modes and ranks, or none; rounding, comparing and Gather they have.
    """

    name = "decompose-grid-sample"
    safety = Safety.EXACT
    needs_opset = 16
    ulps = 256
    differs_at = ("nan", "inf")
    fixes = (FixRule("GridSample"),)
    dtypes = ("float32",)
    before = "y = GridSample(x, grid)"
    after = """places = Mul(grid, half)
               pixels = Gather(x, index)
               weighed = Mul(pixels, weight)
               y = Add(weighed, others)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : {opset}]> g (float[{x}] x, float[{grid}] g) => (float[{y}] y) {{
                 y = GridSample<{attrs}>(x, g) }}""",
            ops=("*",),
        )
        for opset, x, grid, y, attrs in (
            (16, "2, 3, 4, 5", "2, 3, 2, 2", "2, 3, 3, 2", 'mode = "bilinear"'),
            (20, "1, 2, 4, 5", "1, 9, 9, 2", "1, 2, 9, 9", 'mode = "linear", padding_mode = "reflection", align_corners = 1'),
            (20, "1, 2, 4, 5", "1, 9, 9, 2", "1, 2, 9, 9", 'mode = "linear", padding_mode = "border"'),
            (20, "1, 2, 4, 5", "1, 9, 9, 2", "1, 2, 9, 9", 'mode = "nearest", padding_mode = "reflection"'),
            (20, "1, 2, 4, 5", "1, 9, 9, 2", "1, 2, 9, 9", 'mode = "cubic"'),
            (20, "2, 2, 3, 4, 5", "2, 1, 3, 2, 3", "2, 2, 1, 3, 2", 'mode = "linear"'),
        )
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[1, 1, H, W] x, float[1, 3, 2, 2] g) => (float[1, 1, 3, 2] y) {
                 y = GridSample(x, g) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, grid = draft.fixed(), draft.fixed(1)
        if shape is None or grid is None:
            return f"the dims of `{draft.node.inputs[0 if shape is None else 1].name}` are not fixed"
        mode = MODES.get(draft.attribute("mode", "linear"), "")
        count = len(shape) - 2
        if not mode or (mode == "cubic" and count != 2):
            return f"mode `{draft.attribute('mode')}` in {count} dims is not written out"
        corners = bool(draft.attribute("align_corners", 0))
        sampler = Sampler(draft, mode, draft.attribute("padding_mode", "zeros"), corners)
        places = []
        total = int(np.prod(grid[1:-1]))
        for axis, size in enumerate(shape[2:]):
            along = draft.op("Gather", "in1", draft.constant(count - 1 - axis), axis=-1)
            shifted = draft.op("Add", draft.reshape(along, [grid[0], total]), draft.number(1))
            if corners:
                place = draft.op("Mul", draft.op("Div", shifted, draft.number(2)), draft.number(size - 1))
            else:
                scaled = draft.op("Sub", draft.op("Mul", shifted, draft.number(size)), draft.number(1))
                place = draft.op("Div", scaled, draft.number(2))
            places.append(place)
        rows = draft.reshape(sampler.read("in0", shape, places), [*grid[:-1], shape[1]])
        draft.give(draft.transpose(rows, [0, count + 1, *range(1, count + 1)]))
        return None
