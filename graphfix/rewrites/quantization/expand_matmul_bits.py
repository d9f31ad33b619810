"""MatMulNBits(x, q, s, z) = x w', w = (q - z) * s with one scale and zero point a block of each row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

MOST = 1 << 28
"""The bytes that a weight may take once it is read back."""
HEAD = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g"""


class ExpandMatmulBits(BuiltRewrite):
    """Write MatMulNBits as MatMul by the weight that its bits stand for.

    Why: language models quantised to four bits hold hardly anything else, and no other compiler reads the packing. The
    weight is eight times as large afterwards. onnxruntime multiplies in blocks, and so rounds otherwise.
    """

    name = "expand-matmul-bits"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 256
    dtypes = ("float32", "float16")
    fixes = (FixRule("MatMulNBits"),)
    before = "y = com.microsoft.MatMulNBits<K = 4, N = 2, bits = 4, block_size = 16>(x, q, s, z)"
    after = "y = MatMul(x, w)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[M, 20] x) => (float[M, 2] y)
               <uint8[2, 2, 8] q = {{1, 2, 3, 255, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0, 0,
                                     17, 34, 51, 68, 85, 102, 119, 136, 153, 170, 0, 0, 0, 0, 0, 0}},
                float[4] s = {{0.5, 0.25, 1, 2}}> {{
                 y = com.microsoft.MatMulNBits<K = 20, N = 2, bits = 4, block_size = 16>(x, q, s) }}""",
            ops=("MatMul",),
        ),
        Case(
            f"""{HEAD} (float[2, M, 16] x) => (float[2, M, 3] y)
               <uint8[3, 1, 8] q = {{1, 2, 3, 255, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 34, 51, 68, 85, 102, 119, 136}},
                float[3] s = {{0.5, 0.25, 1}}, uint8[3] z = {{3, 7, 12}}> {{
                 y = com.microsoft.MatMulNBits<K = 16, N = 3, bits = 4, block_size = 16>(x, q, s, z) }}""",
            ops=("MatMul",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[M, 16] x, uint8[1, 1, 8] q) => (float[M, 1] y) <float[1] s = {{0.5}}> {{
                 y = com.microsoft.MatMulNBits<K = 16, N = 1, bits = 4, block_size = 16>(x, q, s) }}""",
            because="its weight `q` is not a constant",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        k, n = int(draft.attribute("K")), int(draft.attribute("N"))
        packed, scales, zeros = (draft.known(index) for index in (1, 2, 3))
        if packed is None or scales is None:
            return f"its weight `{draft.node.inputs[1 if packed is None else 2].name}` is not a constant"
        if draft.has(4) or (draft.has(3) and zeros is None):
            return f"`{draft.node.inputs[4 if draft.has(4) else 3].name}` reorders or shifts its weight at run time"
        if 4 * k * n > MOST:
            return f"its weight would need {4 * k * n} bytes, over {MOST}"
        bits, size = int(draft.attribute("bits", 4)), int(draft.attribute("block_size"))
        if bits not in (2, 4, 8):
            return f"weights of {bits} bits are not read back"
        blocks = -(-k // size)
        whole = unpacked(packed.reshape(n, -1), bits)[:, : blocks * size].reshape(n, blocks, size)
        shift: npt.NDArray[Any] = np.full((n, blocks), 1 << (bits - 1), np.float32)
        if zeros is not None:
            shift = unpacked(zeros.reshape(n, -1), bits)[:, :blocks] if zeros.dtype == np.uint8 else zeros.reshape(n, blocks)
        weight = (whole.astype(np.float32) - shift.astype(np.float32)[:, :, None]) * scales.reshape(n, blocks, 1).astype(
            np.float32
        )
        product = draft.op("MatMul", draft.inputs[0], draft.number(weight.reshape(n, -1)[:, :k].T))
        draft.give(draft.op("Add", product, draft.inputs[5]) if draft.has(5) else product)
        return None


def unpacked(packed: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """The small numbers in each row of bytes, the lowest bits first."""
    places = np.arange(0, 8, bits, dtype=np.uint8)
    return ((packed[:, :, None] >> places) & ((1 << bits) - 1)).astype(np.uint8).reshape(len(packed), -1)
