"""The kernels of support vector machines: linear, polynomial, radial and sigmoid, as operators of ONNX itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphfix.rewriting.replacement import ReplacementBuilder

MOST_NUMBERS = 4_000_000
"""The most numbers of the support vectors of an RBF kernel: each row of the input is subtracted from all of them."""


def too_many_vectors(draft: ReplacementBuilder, vectors: npt.NDArray[np.float32]) -> str:
    """Return the reason why a kernel of this many support vectors is not written out; empty where it can be."""
    if str(draft.attribute("kernel_type", "LINEAR")) == "RBF" and vectors.size > MOST_NUMBERS:
        return f"its support vectors hold {vectors.size} numbers, more than {MOST_NUMBERS}"
    return ""


def kernel_values(draft: ReplacementBuilder, vectors: npt.NDArray[np.float32]) -> str:
    """Return the kernel's values, a row for each row of the input and a column for each support vector."""
    kind = str(draft.attribute("kernel_type", "LINEAR"))
    gamma, zero, degree = [*map(float, draft.attribute("kernel_params", ())), 0.0, 0.0, 0.0][:3]
    if kind == "RBF":
        apart = draft.op("Sub", draft.op("Unsqueeze", draft.inputs[0], axes=[1]), draft.constant(vectors, np.float32))
        squared = draft.op("ReduceSum", draft.op("Mul", apart, apart), axes=[2], keepdims=0)
        return draft.op("Exp", draft.op("Mul", squared, draft.constant(-gamma, np.float32)))
    product = draft.op("MatMul", draft.inputs[0], draft.constant(np.ascontiguousarray(vectors.T), np.float32))
    if kind == "LINEAR":
        return product
    scaled = draft.op("Mul", product, draft.constant(gamma, np.float32))
    moved = draft.op("Add", scaled, draft.constant(zero, np.float32))
    return draft.op("Tanh", moved) if kind == "SIGMOID" else draft.op("Pow", moved, draft.constant(degree, np.float32))
