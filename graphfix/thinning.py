"""Every n-th entry of a matrix product: a strided operator of size 1 behind a pointwise convolution or a MatMul.

Compilers that turn the product into one over merged axes, and pull the choice of entries up to it, have to take the
axes apart again, which some cannot where one of them is open. Residual networks are written so.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import NodeProto

from graphfix.folding import attribute
from graphfix.values import Value

THINNING = {"Conv", "Slice"}
"""Operators that may choose every n-th entry."""
BLOCKING = {
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "Pad", "Reshape",
    "Flatten", "Resize", "Upsample", "LSTM", "GRU", "RNN", "Gather", "GatherND", "Shape", "Size", "DepthToSpace",
    "SpaceToDepth", "InstanceNormalization", "LRN", "Expand", "Tile", "Squeeze", "Unsqueeze", "Attention", "Constant",
}  # fmt: skip
"""Operators that a choice of entries does not move up through; through all others of one output it may."""


def thins(node: NodeProto, inputs: Sequence[Value | None], products: set[str]) -> bool:
    """Whether a node chooses every n-th entry of a product; its own result is added to `products` where it is one.

    `products` are the names in the graph so far whose entries come from a product without being moved.
    """
    op = node.op_type if node.domain in ("", "ai.onnx") else ""
    behind = any(name in products for name in node.input)
    chooses = behind and op in THINNING and _strided(node, op, inputs)
    if _is_product(node, op, inputs) or (behind and op and op not in BLOCKING and len(node.output) == 1):
        products.update(node.output[:1])
    return chooses


def _is_product(node: NodeProto, op: str, inputs: Sequence[Value | None]) -> bool:
    """A pointwise convolution at every place, or a MatMul."""
    if op == "MatMul":
        return True
    return op == "Conv" and set(_kernel(inputs)) == {1} and set(_strides(node)) <= {1} and attribute(node, "group", 1) == 1


def _strided(node: NodeProto, op: str, inputs: Sequence[Value | None]) -> bool:
    """Whether some axis is read at every n-th place, one at a time."""
    if op == "Conv":
        strides = _strides(node)
        return any(size == 1 and stride > 1 for size, stride in zip(_kernel(inputs), strides, strict=False))
    steps = inputs[4].constant if len(inputs) > 4 and inputs[4] is not None else None
    return steps is not None and bool((abs(steps) > 1).any())


def _kernel(inputs: Sequence[Value | None]) -> tuple[object, ...]:
    weight = inputs[1] if len(inputs) > 1 else None
    return weight.shape[2:] if weight is not None and weight.shape is not None else ()


def _strides(node: NodeProto) -> Sequence[int]:
    found: Sequence[int] = attribute(node, "strides", ())
    return found
