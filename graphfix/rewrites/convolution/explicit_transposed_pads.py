"""ConvTranspose<output_shape = s>(x) = ConvTranspose<pads = p>(x), with p_total = stride * (n - 1) + extent + extra - s.

auto_pad and output_shape are converted to pads; the difference between the pads before and after is cut off by a Slice,
and rows of output_padding that no window reaches are covered by a kernel extended with zeros.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MORE = "<float[1, 1, 2, 3] w = {1, 2, 3, 4, 5, 6}>"


class ExplicitTransposedPads(BuiltRewrite):
    """Write a ConvTranspose with output_shape or auto_pad as one with explicit pads and a Slice of the output.

    Why: ONNX derives the pads from the size, by rules that changed; compilers interpret them differently or not at all.
    The full output followed by a Slice is unambiguous.
    """

    name = "explicit-transposed-pads"
    safety = Safety.EXACT
    needs_opset = 10
    differs_at = ("nan", "inf")
    fixes = (FixRule("ConvTranspose"),)
    before = "y = ConvTranspose<output_shape = [8, 8]>(x, w)"
    after = """whole = ConvTranspose(x, w)
               y = Slice(whole, starts, ends, axes)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 3, 4] x) => (float[N, 1, 5, 8] y)
               {MORE} {{ y = ConvTranspose<output_shape = [5, 8], strides = [2, 2]>(x, w) }}""",
            ops=("ConvTranspose", "Slice"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 3, 4] x) => (float[N, 1, 6, 8] y)
               {MORE} {{ y = ConvTranspose<auto_pad = "SAME_LOWER", strides = [2, 2]>(x, w) }}""",
            ops=("ConvTranspose", "Slice"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, A, B] x) => (float[N, 1, C, D] y)
               {MORE} {{ y = ConvTranspose<pads = [0, 1, 1, 1], output_padding = [0, 1], strides = [1, 2]>(x, w) }}""",
            ops=("ConvTranspose", "Slice"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 3, 4] x) => (float[N, 1, 7, 9] y)
               <float[1, 1, 2, 3] w = {1, 2, 3, 4, 5, 6}, float[1] b = {0.5}> {
                 y = ConvTranspose<output_padding = [1, 0], strides = [2, 2]>(x, w, b) }""",
            ops=("ConvTranspose",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 3, 4] x) => (float[N, 1, 6, 9] y)
               {MORE} {{ y = ConvTranspose<strides = [2, 2]>(x, w) }}""",
            because="its pads are even numbers already",
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[N, 1, 3, A] x) => (float[N, 1, 6, 8] y)
               {MORE} {{ y = ConvTranspose<output_shape = [6, 8], strides = [2, 2]>(x, w) }}""",
            because="the spatial dims of `x` are not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 13]> g (float[1, 1, 3] x, float[1, 1, 2] w) => (float[1, 1, 7] y)
               { y = ConvTranspose<output_padding = [1], strides = [2]>(x, w) }""",
            because="its output is larger than its windows reach, and its kernel is not a constant",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        weight = draft.shape(1)
        if weight is None or not all(isinstance(dim, int) for dim in weight[2:]):
            return "the size of its kernel is not known"
        count = len(weight) - 2
        asked = draft.attribute("output_shape") is not None or draft.attribute("auto_pad", "NOTSET").startswith("SAME")
        found = transposed_pads(draft, [int(dim) for dim in weight[2:]], count)  # type: ignore[arg-type]
        if isinstance(found, str):
            return found
        before, after = found
        if not asked and draft.attribute("auto_pad", "NOTSET") == "NOTSET" and before == after:
            return "its pads are even numbers already"
        drop = ("auto_pad", "output_shape", "output_padding", "pads", "kernel_shape")
        attrs = {name: value for name, value in draft.node.attrs.items() if name not in drop}
        operands = list(draft.inputs)
        if min(after) < 0:
            wide, dilations = draft.known(1), draft.attribute("dilations") or [1] * count
            if wide is None:
                return "its output is larger than its windows reach, and its kernel is not a constant"
            more = [-(min(0, pad) // d) for pad, d in zip(after, dilations, strict=True)]
            operands[1] = draft.constant(np.pad(wide, [(0, 0), (0, 0), *((0, taps) for taps in more)]))
            after = [pad + taps * d for pad, taps, d in zip(after, more, dilations, strict=True)]
        shared = [max(0, min(pair)) for pair in zip(before, after, strict=True)]
        whole = draft.op("ConvTranspose", *operands, pads=shared * 2, **attrs)
        rest = [[pad - same for pad, same in zip(pads, shared, strict=True)] for pads in (before, after)]
        draft.give(_cut(draft, whole, rest[0], rest[1]))
        return None


def transposed_pads(draft: ReplacementBuilder, kernel: list[int], count: int) -> tuple[list[int], list[int]] | str:
    """Return what is cut off before and after the full result on each axis; or why that is not known."""
    strides, dilations = (list(draft.attribute(name) or [1] * count) for name in ("strides", "dilations"))
    extra = list(draft.attribute("output_padding") or [0] * count)
    auto, asked = draft.attribute("auto_pad", "NOTSET"), draft.attribute("output_shape")
    pads = list(draft.attribute("pads") or [0] * 2 * count) if auto == "NOTSET" else [0] * 2 * count
    before, after = pads[:count], [pad - more for pad, more in zip(pads[count:], extra, strict=True)]
    if asked is None and not auto.startswith("SAME"):
        return before, after
    size = (draft.shape() or ())[2:]
    if len(size) != count or not all(isinstance(dim, int) for dim in size):
        return f"the spatial dims of `{draft.node.inputs[0].name}` are not fixed"
    wanted = list(asked)[-count:] if asked is not None else [int(n) * s for n, s in zip(size, strides, strict=True)]  # type: ignore[arg-type]
    for axis, (n, k, s, d) in enumerate(zip(size, kernel, strides, dilations, strict=True)):
        whole = s * (int(n) - 1) + (k - 1) * d + 1  # type: ignore[arg-type]
        total = max(0, whole + extra[axis] - wanted[axis])
        before[axis] = total // 2 if auto == "SAME_UPPER" else total - total // 2
        after[axis] = whole - before[axis] - wanted[axis]
    return before, after


def _cut(draft: ReplacementBuilder, name: str, before: list[int], after: list[int]) -> str:
    """Return the result cropped by `before` and `after`."""
    axes = [axis for axis, pair in enumerate(zip(before, after, strict=True)) if any(pair)]
    if not axes:
        return name
    ends = [-after[axis] if after[axis] else 2**63 - 1 for axis in axes]
    return draft.op("Slice", name, starts=[before[axis] for axis in axes], ends=ends, axes=[2 + axis for axis in axes])
