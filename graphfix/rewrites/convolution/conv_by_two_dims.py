"""Conv1d(x, w) = Squeeze(Conv2d(Unsqueeze(x), Unsqueeze(w))): a sequence is an image of height 1."""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

POOLS = ("MaxPool", "AveragePool", "LpPool")
LISTS = {"kernel_shape": 1, "strides": 1, "dilations": 1, "pads": 0, "output_padding": 0}
"""Attributes that get an entry for the new axis, and the value of the entry."""


class ConvByTwoDims(BuiltRewrite):
    """Write a 1-D convolution or pool as a 2-D one with a first spatial axis of size 1.

    Why: some compilers have no 1-D form, or none with groups, dynamic dims or auto_pad.
    """

    name = "conv-by-two-dims"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 32
    differs_at = ("nan",)
    fixes = tuple(FixRule(op) for op in ("Conv", "ConvTranspose", *POOLS, "ConvInteger"))
    ops = ("ConvTranspose", *POOLS, "ConvInteger")
    before = "y = Conv(x, w)"
    after = """wide = Unsqueeze<axes = [2]>(x)
               kernel = Unsqueeze<axes = [2]>(w)
               made = Conv(wide, kernel)
               y = Squeeze<axes = [2]>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, L] x) => (float[N, 2, M] y)
               <float[2, 1, 3] w = {1, 2, 3, 4, 5, 6}, float[2] b = {0.5, 1}> {
                 y = Conv<group = 2, pads = [1, 0], strides = [2]>(x, w, b) }""",
            ops=("Unsqueeze", "Conv", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]> g (float[1, 2, 5] x, float[2, 1, 3] w) => (float[1, 1, 11] y) {
                 y = ConvTranspose<strides = [2], output_padding = [1], pads = [0, 1]>(x, w) }""",
            ops=("Unsqueeze", "Unsqueeze", "ConvTranspose", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 2, L] x) => (float[N, 2, M] y) {
                 y = MaxPool<kernel_shape = [3], pads = [1, 1], strides = [2], ceil_mode = 1>(x) }""",
            ops=("Unsqueeze", "MaxPool", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 1, 4, 4] x) => (float[1, 1, 3, 3] y) {
                 y = MaxPool<kernel_shape = [2, 2]>(x) }""",
            because="`x` has rank 4, not 3",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shape = draft.shape()
        if shape is None or len(shape) != 3:
            return f"`{draft.node.inputs[0].name}` has {'no known rank' if shape is None else f'rank {len(shape)}'}, not 3"
        attrs: dict[str, Any] = dict(draft.node.attrs)
        for name, entry in LISTS.items():
            if name in attrs:
                values = list(attrs[name])
                attrs[name] = [0, values[0], 0, values[1]] if name == "pads" else [entry, *values]
        if "output_shape" in attrs:
            attrs["output_shape"] = [*attrs["output_shape"][:-1], 1, attrs["output_shape"][-1]]
        operands = [draft.op("Unsqueeze", "in0", axes=[2]), *draft.inputs[1:]]
        if draft.node.op not in POOLS:
            known = draft.known(1)
            operands[1] = draft.op("Unsqueeze", "in1", axes=[2]) if known is None else draft.constant(known[:, :, None])
        made = draft.ops(draft.node.op, len(draft.node.outputs), *operands, **attrs)
        for index, name in enumerate(made):
            if draft.wants(index):
                draft.give(draft.op("Squeeze", name, axes=[2]), index)
        return None
