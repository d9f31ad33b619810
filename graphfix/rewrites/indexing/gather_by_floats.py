"""GatherBlockQuantized(q, i, s, z) = Gather(w, i), w = (q - z) * s with one scale and zero point a block."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST = 1 << 28
"""The largest size of the dequantized table, in bytes."""
HEAD = """<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]> g"""


class GatherByFloats(BuiltRewrite):
    """Write GatherBlockQuantized as Gather from the dequantized table.

    Why: the embeddings of language models quantized to 8 or 4 bits are stored in this form, and only onnxruntime
    supports the operator. The table is four or eight times as large afterwards.
    """

    name = "gather-by-floats"
    safety = Safety.EXACT
    needs_opset = 11
    fixes = (FixRule("GatherBlockQuantized"),)
    before = "y = com.microsoft.GatherBlockQuantized(q, i, s)"
    after = "y = Gather(w, i)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (int64[N, 2] i) => (float[N, 2, 16] y)
               <uint8[4, 16] q = {{1, 2, 3, 255, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                   0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 99,
                                   1, 2, 3, 4, 5, 6, 77, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                   3, 2, 3, 4, 5, 6, 7, 8, 9, 110, 11, 12, 13, 14, 15, 16}},
                float[4, 1] s = {{0.5, 0.25, 1, 2}}> {{
                 y = com.microsoft.GatherBlockQuantized<bits = 8, block_size = 16, quantize_axis = 1>(q, i, s) }}""",
            ops=("Gather",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (uint8[4, 16] q, int64[N] i) => (float[N, 16] y) <float[4, 1] s = {{0.5, 0.25, 1, 2}}> {{
                 y = com.microsoft.GatherBlockQuantized<bits = 8, block_size = 16, quantize_axis = 1>(q, i, s) }}""",
            because="its table `q` is not a constant",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        table, scales, zeros = (draft.known(index) for index in (0, 2, 3))
        names = [tensor.name for tensor in draft.node.inputs]
        if table is None or scales is None:
            return f"its table `{names[0 if table is None else 2]}` is not a constant"
        if draft.has(3) and zeros is None:
            return f"its zero points `{names[3]}` are not constants"
        bits = int(draft.attribute("bits", 4))
        if table.dtype == np.uint8 and bits not in (4, 8):
            return f"numbers of {bits} bits are not read back"
        if table.dtype == np.uint8 and bits == 4:
            table, zeros = _halves(table), _halves(zeros) if zeros is not None else None
        if 4 * table.size > MOST:
            return f"its table would need {4 * table.size} bytes, over {MOST}"
        axis, size = int(draft.attribute("quantize_axis", 1)) % table.ndim, int(draft.attribute("block_size", 128))
        middle = 1 << (bits - 1) if table.dtype == np.uint8 else 0
        shift = np.full(scales.shape, middle) if zeros is None else np.take(zeros, range(scales.shape[-1]), -1)
        step, zero = (
            np.take(np.repeat(array.astype(np.float32), size, axis), range(table.shape[axis]), axis) for array in (scales, shift)
        )
        floats = (table.astype(np.float32) - zero) * step
        where = int(draft.attribute("gather_axis", 0))
        draft.give(draft.op("Gather", draft.constant(floats, scales.dtype), draft.inputs[1], axis=where))
        return None


def _halves(packed: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the two 4-bit numbers in each byte of the last axis, the low one first."""
    both = np.stack([packed & 15, packed >> 4], -1)
    return both.reshape(*packed.shape[:-1], -1)
