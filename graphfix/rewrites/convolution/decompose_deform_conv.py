"""DeformConv(x, o, m) = Conv<1x1>(x sampled at p + k + o_k, weighted by m_k, for every position k of the kernel)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.convolution.windows import MOST_TAPS, windows
from graphfix.rewrites.resize.grid_sampling import Sampler
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class DecomposeDeformConv(BuiltRewrite):
    """Write DeformConv as sampling at the offset positions, followed by a convolution with a kernel of size 1.

    Why: hardly any compiler supports deformable convolutions; all support Gather and Conv.
    """

    name = "decompose-deform-conv"
    safety = Safety.EXACT
    needs_opset = 19
    ulps = 256
    differs_at = ("nan", "inf")
    fixes = (FixRule("DeformConv"),)
    dtypes = ("float32",)
    before = "y = DeformConv(x, w, offset)"
    after = """pixels = Gather(x, index)
               weighed = Mul(pixels, weight)
               y = Conv(weighed, w1)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 19]>
               g (float[2, 2, 4, 4] x, float[2, 8, 3, 3] o, float[2, 4, 3, 3] m) => (float[2, 1, 3, 3] y)
               <float[1, 2, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[1] b = {0.5}> { y = DeformConv(x, w, o, b, m) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[1, 4, 5, 5] x, float[1, 16, 3, 3] o) => (float[1, 2, 3, 3] y)
               <float[2, 2, 2, 2] w = {1, 2, 3, 4, 5, 6, 7, 8, 1, -2, 3, -4, 5, -6, 7, -8}> {
                 y = DeformConv<offset_group = 2, group = 2, strides = [2, 2], pads = [1, 0, 1, 1], dilations = [2, 1]>
                   (x, w, o) }""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 19]> g (float[N, 1, 3, 3] x, float[N, 8, 2, 2] o) => (float[N, 1, 2, 2] y)
               <float[1, 1, 2, 2] w = {1, 2, 3, 4}> { y = DeformConv(x, w, o) }""",
            because="the dims of `x` are not fixed",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape, weight, found = draft.fixed(), draft.fixed(1), windows(draft)
        if shape is None or weight is None or isinstance(found, str):
            return f"the dims of `{draft.node.inputs[0 if shape is None else 1].name}` are not fixed"
        if len(shape) != 4 or found.taps > MOST_TAPS:
            return f"{found.taps} places of a kernel in {len(shape) - 2} dims are not written out"
        groups, taps, total = draft.attribute("offset_group", 1), found.taps, int(np.prod(found.out))
        images = [shape[0] * groups, shape[1] // groups, *shape[2:]]
        moved = draft.reshape("in2", [images[0], taps, 2, total])
        offsets = np.asarray(list(found.places())).T
        starts = np.meshgrid(*(np.arange(o) * s - b for o, s, b in zip(found.out, found.strides, found.before, strict=True)),
                             indexing="ij")  # fmt: skip
        places = []
        for axis in range(2):
            fixed = (offsets[axis][:, None] + starts[axis].reshape(1, -1))[None]
            by = draft.op("Gather", moved, draft.constant(axis), axis=2)
            places.append(draft.reshape(draft.op("Add", by, draft.number(fixed)), [images[0], taps * total]))
        image = draft.reshape("in0", images) if groups > 1 else "in0"
        rows = Sampler(draft, "linear", "zeros", corners=False).read(image, images, places)
        if draft.has(4):
            rows = draft.op("Mul", rows, draft.reshape("in4", [images[0], taps * total, 1]))
        columns = draft.transpose(draft.reshape(rows, [images[0], taps, total, images[1]]), [0, 3, 1, 2])
        columns = draft.reshape(columns, [shape[0], shape[1] * taps, *found.out])
        kernel = draft.reshape("in1", [weight[0], weight[1] * taps, 1, 1])
        known = draft.known(1)
        if known is not None:
            kernel = draft.constant(known.reshape(weight[0], weight[1] * taps, 1, 1))
        bias = ["in3"] if draft.has(3) else []
        draft.give(draft.op("Conv", columns, kernel, *bias, group=draft.attribute("group", 1)))
        return None
