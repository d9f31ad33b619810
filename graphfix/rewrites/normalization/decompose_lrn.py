"""LRN<n, a, b, k>(x)_c = x_c / (k + a/n * sum of x_i^2 over the n channels around c)^b; the sum is a 1x1 convolution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST = 1024
"""The largest number of channels: the kernel has that number of elements squared."""


class DecomposeLrn(BuiltRewrite):
    """Write local response normalization as a convolution of the squares with a band matrix.

    Why: AlexNet and similar networks use LRN, and newer compilers do not support it. A sum over neighbouring channels is a
    convolution of size 1 whose kernel is a/n near the diagonal.
    onnxruntime moves one sum along the channels, which loses small squares behind large ones; the convolution does not.
    """

    name = "decompose-lrn"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    differs_at = ("large", "nan", "inf")
    dtypes = ("float16", "float32")
    fixes = (FixRule("LRN"),)
    before = "y = LRN<size = 3>(x)"
    after = """square = Mul(x, x)
               near = Conv(square, band)
               sum = Add(near, bias)
               power = Pow(sum, beta)
               y = Div(x, power)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 5, 2, 3] x) => (float[N, 5, 2, 3] y) {
                 y = LRN<size = 3, alpha = 0.5, beta = 0.5, bias = 2.0>(x) }""",
            ops=("Mul", "Conv", "Add", "Pow", "Div"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, C, 2, 3] x) => (float[1, C, 2, 3] y) {
                 y = LRN<size = 3>(x) }""",
            because="the channels of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 2048, 2, 3] x) => (float[1, 2048, 2, 3] y) {
                 y = LRN<size = 3>(x) }""",
            because="`x` has 2048 channels, over 1024: the kernel would be too large",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims, name = draft.shape() or (), draft.node.inputs[0].name
        if len(dims) < 3 or not isinstance(dims[1], int):
            return f"the channels of `{name}` are not fixed"
        channels, size = dims[1], int(draft.attribute("size"))
        if channels > MOST:
            return f"`{name}` has {channels} channels, over {MOST}: the kernel would be too large"
        row, column = np.ogrid[:channels, :channels]
        near = (column >= row - (size - 1) // 2) & (column <= row + size // 2)
        band = near * (draft.attribute("alpha", 1e-4) / size)
        square = draft.op("Mul", draft.inputs[0], draft.inputs[0])
        total = draft.op("Conv", square, draft.number(band.reshape([channels, channels] + [1] * (len(dims) - 2))))
        total = draft.op("Add", total, draft.number(draft.attribute("bias", 1.0)))
        power = draft.op("Pow", total, draft.number(draft.attribute("beta", 0.75)))
        draft.give(draft.op("Div", draft.inputs[0], power))
        return None
