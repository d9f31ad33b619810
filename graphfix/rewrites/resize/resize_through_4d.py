"""Resize(x: [6, 8]) = Squeeze(Resize(Unsqueeze(x): [1, 1, 6, 8])): resizing knows no batch, so dims of 1 change nothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import helper

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class ResizeThrough4d(BuiltRewrite):
    """Resize a tensor of fewer dims, or of more with leading ones that stay, as one of four.

    Why: compilers resize pictures, [batch, channels, height, width]; other ranks they reject.
    """

    name = "resize-through-4d"
    safety = Safety.EXACT
    needs_opset = 10
    fixes = (FixRule("Resize", kinds=("rank", "attribute", "form", "wrong")),)
    before = "y = Resize(x, roi, scales)"
    after = """wide = Unsqueeze<axes = [0, 1]>(x)
               resized = Resize(wide, roi, [1, 1, 2, 2])
               y = Squeeze<axes = [0, 1]>(resized)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 6] x) => (float[8, 12] y) <float[2] s = {2, 2}> {
                 y = Resize<mode = "linear">(x, , s) }""",
            ops=("Unsqueeze", "Resize", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3, 6] x) => (float[N, 3, 9] y) <float[3] s = {1, 1, 1.5}> {
                 y = Resize(x, , s) }""",
            ops=("Unsqueeze", "Resize", "Squeeze"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 4, 5, 6] x) => (float[2, 3, 4, 10, 12] y)
               <int64[5] z = {2, 3, 4, 10, 12}> { y = Resize(x, , , z) }""",
            ops=("Reshape", "Resize", "Reshape"),
        ),
        Case(
            """<ir_version: 5, opset_import: ["" : 10]> g (float[5, 6] x) => (float[10, 6] y) <float[2] s = {2, 1}> {
                 y = Resize(x, s) }""",
            ops=("Unsqueeze", "Resize", "Squeeze"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 6] x) => (float[1, 1, 8, 12] y)
               <float[4] s = {1, 1, 2, 2}> { y = Resize(x, , s) }""",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 2, 2, 2] x) => (float[1, 1, 4, 2, 2] y)
               <float[5] s = {1, 1, 2, 1, 1}> { y = Resize(x, , s) }""",
            because="it resizes axis 2, with 2 behind it: no four dims hold that",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[4, 6] x, float[2] s) => (float[A, B] y) {
                 y = Resize(x, , s) }""",
            because="its scales are not known",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        dims = draft.shape()
        if dims is None:
            return f"the rank of `{draft.node.inputs[0].name}` is unknown"
        rank = len(dims)
        if rank == 4 or rank == 0:
            return ""
        if "axes" in draft.node.attrs or draft.attribute("keep_aspect_ratio_policy", "stretch") != "stretch":
            return "it names the axes that it resizes"
        if draft.attribute("coordinate_transformation_mode") == "tf_crop_and_resize":
            return "it crops as it resizes"
        scales, sizes = draft.known(1 if draft.surgery.opset < 11 else 2), draft.known(3)
        given = scales if scales is not None and scales.size else sizes
        if given is None:
            return f"its {'sizes' if draft.has(3) else 'scales'} are not known"
        if rank > 4:
            return _joined(draft, list(dims), np.asarray(given), by_sizes=given is sizes)
        front = np.ones(4 - rank, given.dtype)
        wide = draft.op("Unsqueeze", "in0", axes=list(range(4 - rank)))
        draft.give(
            draft.op(
                "Squeeze",
                _resize(draft, wide, np.concatenate([front, given]), by_sizes=given is sizes),
                axes=list(range(4 - rank)),
            )
        )
        return None


def _joined(
    draft: ReplacementBuilder,
    dims: list[int | str | None],
    given: np.ndarray[tuple[int, ...], np.dtype[np.generic]],
    *,
    by_sizes: bool,
) -> str | None:
    """Join the leading dims, which stay, into one before the resize, and part them again after it."""
    numbers = [dim for dim in dims if isinstance(dim, int)]
    if len(numbers) < len(dims):
        return f"the dims of `{draft.node.inputs[0].name}` are not fixed"
    rank, after = len(dims), given.tolist()
    if not by_sizes:
        after = [int(np.floor(np.float32(dim) * np.float32(scale))) for dim, scale in zip(numbers, after, strict=True)]
    changed = [axis for axis in range(rank) if after[axis] != numbers[axis]]
    if changed and changed[0] < rank - 2:
        return f"it resizes axis {changed[0]}, with {rank - 1 - changed[0]} behind it: no four dims hold that"
    lead = int(np.prod(numbers[: rank - 3]))
    flat = draft.reshape("in0", [lead, *numbers[rank - 3 :]])
    kept = np.asarray([lead, numbers[rank - 3]] if by_sizes else [1, 1], given.dtype)
    resized = _resize(draft, flat, np.concatenate([kept, given[rank - 2 :]]), by_sizes=by_sizes)
    draft.give(draft.reshape(resized, after))
    return None


def _resize(
    draft: ReplacementBuilder, data: str, given: np.ndarray[tuple[int, ...], np.dtype[np.generic]], *, by_sizes: bool
) -> str:
    """The Resize of four dims, its scales or sizes where the opset has them."""
    operand = draft.constant(given)
    operands = [data, operand] if draft.surgery.opset < 11 else [data, "", "", operand] if by_sizes else [data, "", operand]
    if 11 <= draft.surgery.opset < 13:
        operands[1] = draft.constant(np.zeros(0, np.float32))
        operands[2] = operands[2] or draft.constant(np.zeros(0, np.float32))
    draft.nodes.append(helper.make_node("Resize", operands, ["resized"], **draft.node.attrs))
    return "resized"
