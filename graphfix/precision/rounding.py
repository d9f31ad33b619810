"""Rounding to a narrower arithmetic inside a float32 model, as nodes that onnxruntime runs.

float16 and bfloat16 are Casts there and back. TF32 has no dtype, and bfloat16 none before opset 13: a value is split by
Veltkamp's product with 2**13 + 1 or 2**16 + 1, which leaves the 11 or the 8 leading bits of its significand.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

SPLITS = {"tf32": float(2**13 + 1), "bfloat16": float(2**16 + 1)}
SPLITTER, HUGE = "graphfix_splitter", "graphfix_huge"
"""The names of the constants that a model holds which rounds by splitting."""
LARGEST_SPLIT = 1e33
"""The magnitude from which the product would overflow; such numbers stay as they are."""
BFLOAT16_SINCE = 13
ARITHMETICS = ("float32", "tf32", "bfloat16", "float16")
"""From the most to the least exact."""
PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum")
"""The operators that TF32 concerns: their operands are rounded, their sums are float32."""
_CODES = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}


def splits(arithmetic: str, opset: int) -> bool:
    """Whether values are rounded by splitting."""
    return arithmetic == "tf32" or (arithmetic == "bfloat16" and opset < BFLOAT16_SINCE)


def constants(arithmetic: str) -> Iterator[TensorProto]:
    """Yield the constants that splitting needs."""
    for name, number in ((SPLITTER, SPLITS[arithmetic]), (HUGE, LARGEST_SPLIT)):
        yield numpy_helper.from_array(np.asarray(number, np.float32), name)


def rounding(name: str, out: str, arithmetic: str, opset: int) -> Iterator[NodeProto]:
    """Yield the nodes that round the float32 value `name` to an arithmetic; `out` is float32 again."""
    if splits(arithmetic, opset):
        yield helper.make_node("Mul", [name, SPLITTER], [f"{out}_scaled"])
        yield helper.make_node("Sub", [f"{out}_scaled", name], [f"{out}_rest"])
        yield helper.make_node("Sub", [f"{out}_scaled", f"{out}_rest"], [f"{out}_split"])
        yield helper.make_node("Abs", [name], [f"{out}_size"])
        yield helper.make_node("Less", [f"{out}_size", HUGE], [f"{out}_usual"])
        yield helper.make_node("Where", [f"{out}_usual", f"{out}_split", name], [out])
        return
    yield helper.make_node("Cast", [name], [f"{out}_narrow"], to=_CODES[arithmetic])
    yield helper.make_node("Cast", [f"{out}_narrow"], [out], to=TensorProto.FLOAT)
