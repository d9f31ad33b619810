"""MatMulBnb4(x, q, m) = x w', w = code[q] * m with one of 16 floats for each half byte and one magnitude a block."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphfix.rewrites.quantization.expand_matmul_bits import MOST
from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import Case, FixRule, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g"""
FLOATS = (0.0, 0.0052083333, 0.6666666667, 1.0, 0.3333333333, 0.5, 0.1666666667, 0.25)
"""The 4-bit floats of bitsandbytes without their sign, which is the highest bit."""
NORMAL = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""The quantiles of a normal distribution (QLoRA's NF4)."""
CODES = {0: (*FLOATS, *(-number for number in FLOATS)), 1: NORMAL}


class ExpandMatmulCodes(BuiltRewrite):
    """Write MatMulBnb4 as MatMul by the weight that its codes stand for.

    Why: models quantised with bitsandbytes' 4-bit codes have one in every layer, and no other compiler reads the packing. The
    weight is eight times as large afterwards. onnxruntime multiplies in blocks, and so rounds otherwise.
    """

    name = "expand-matmul-codes"
    safety = Safety.EXACT
    needs_opset = 11
    ulps = 256
    dtypes = ("float32", "float16")
    fixes = (FixRule("MatMulBnb4"),)
    before = "y = com.microsoft.MatMulBnb4<K = 4, N = 2, block_size = 16, quant_type = 1>(x, q, m)"
    after = "y = MatMul(x, w)"
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""{HEAD} (float[M, 16] x) => (float[M, 2] y)
               <uint8[16] q = {{1, 35, 69, 103, 137, 171, 205, 239, 250, 220, 16, 152, 11, 84, 51, 16}},
                float[2] m = {{0.5, 2}}> {{
                 y = com.microsoft.MatMulBnb4<K = 16, N = 2, block_size = 16, quant_type = {kind}>(x, q, m) }}""",
            ops=("MatMul",),
        )
        for kind in CODES
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[M, 16] x, uint8[16] q) => (float[M, 2] y) <float[2] m = {{0.5, 2}}> {{
                 y = com.microsoft.MatMulBnb4<K = 16, N = 2, block_size = 16, quant_type = 1>(x, q, m) }}""",
            because="its weight `q` is not a constant",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        k, n = int(draft.attribute("K")), int(draft.attribute("N"))
        packed, magnitudes = draft.known(1), draft.known(2)
        if packed is None or magnitudes is None:
            return f"its weight `{draft.node.inputs[1 if packed is None else 2].name}` is not a constant"
        if 4 * k * n > MOST:
            return f"its weight would need {4 * k * n} bytes, over {MOST}"
        codes, size = CODES.get(int(draft.attribute("quant_type"))), int(draft.attribute("block_size"))
        if codes is None or not draft.attribute("transB", 1):
            return "its codes are of a kind that is not known"
        halves = np.stack([packed.reshape(-1) >> 4, packed.reshape(-1) & 15], 1).reshape(-1)[: k * n]
        blocks = np.repeat(magnitudes.reshape(-1).astype(np.float32), size)[: k * n]
        weight = np.asarray(codes, np.float32)[halves] * blocks
        draft.give(draft.op("MatMul", draft.inputs[0], draft.number(weight.reshape(n, k).T)))
        return None
