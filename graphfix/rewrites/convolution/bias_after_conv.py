"""Conv(x, w, b) = Add(Conv(x, w), b): a computed bias is added after the convolution."""

from __future__ import annotations

from typing import ClassVar

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety


class BiasAfterConv(BuiltRewrite):
    """Add the bias of a Conv or ConvTranspose that is computed at run time by an Add of its own.

    Why: some compilers accept a constant bias only, because they store it with the weight; an Add takes any operand.
    """

    name = "bias-after-conv"
    safety = Safety.EXACT
    needs_opset = 7
    dtypes = FLOATS
    fixes = tuple(FixRule(op, traits=("B.from", "B.dims", "B.rank")) for op in ("Conv", "ConvTranspose"))
    ops = ("ConvTranspose",)
    before = "y = Conv(x, w, b)"
    after = """z = Conv(x, w)
               column = Unsqueeze<axes = [1, 2]>(b)
               y = Add(z, column)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 1, H, W] x, float[2] b) => (float[N, 2, A, B] y)
               <float[2, 1, 1, 2] w = {1, 2, 3, 4}> { y = Conv<pads = [1, 0, 1, 0], strides = [2, 1]>(x, w, b) }""",
            ops=("Conv", "Unsqueeze", "Add"),
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 11]> g (float[1, 1, 4] x, float[1] b) => (float[1, 1, 8] y)
               <float[1, 1, 2] w = {1, 2}> { y = ConvTranspose<strides = [2]>(x, w, b) }""",
            ops=("ConvTranspose", "Unsqueeze", "Add"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x) => (float[1, 1, 3] y)
               <float[1, 1, 2] w = {1, 2}, float[1] b = {3}> { y = Conv(x, w, b) }""",
            because="its bias is a constant",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x) => (float[1, 1, 3] y)
               <float[1, 1, 2] w = {1, 2}> { y = Conv(x, w) }""",
            because="it has no bias",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        if not draft.has(2):
            return "it has no bias"
        if draft.known(2) is not None:
            return "its bias is a constant"
        shape = draft.shape()
        if shape is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        plain = draft.op(draft.node.op, *draft.inputs[:2], **draft.node.attrs)
        draft.give(draft.op("Add", plain, draft.column(2, len(shape) - 2)))
        return None
