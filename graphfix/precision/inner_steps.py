"""Operators that square or sum inside, as the steps of which each rounds in float16: there an overflow would be hidden.

A compiler may compute these inside in float32. What is simulated is the worse case.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper


def _attributes(node: NodeProto) -> dict[str, object]:
    return {one.name: helper.get_attribute_value(one) for one in node.attribute}


def inner_steps(node: NodeProto, rank: int | None, opset: int) -> tuple[list[NodeProto], list[TensorProto]] | None:
    """Return the steps of a node with the constants they read; None for a node that is one step, or of unknown rank."""
    write = _STEPS.get(node.op_type) if not node.domain else None
    return None if write is None else write(node, rank, opset)


class _Writer:
    """The steps of one node; the last has the node's own output."""

    def __init__(self, node: NodeProto) -> None:
        self.node, self.stem = node, node.output[0]
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self.count = itertools.count()

    def step(self, op: str, *inputs: str, last: bool = False, **attributes: Any) -> str:
        """Add a step and return its output."""
        out = self.stem if last else f"{self.stem}_step{next(self.count)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def constant(self, values: object, dtype: type = np.float32) -> str:
        """Add a constant and return its name."""
        name = f"{self.stem}_constant{next(self.count)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def mean(self, value: str, axes: list[int], opset: int) -> str:
        """Add a mean that keeps its dims."""
        if opset >= 18:
            return self.step("ReduceMean", value, self.constant(axes, np.int64), keepdims=1)
        return self.step("ReduceMean", value, axes=axes, keepdims=1)


def _layer_normalization(node: NodeProto, rank: int | None, opset: int) -> tuple[list[NodeProto], list[TensorProto]] | None:
    """(x - mean) / sqrt(mean of squares + epsilon) * scale + bias."""
    if rank is None or len([name for name in node.output if name]) > 1:
        return None
    found, write = _attributes(node), _Writer(node)
    first = int(str(found.get("axis", -1))) % rank
    axes = list(range(first, rank))
    data = node.input[0]
    centred = data if node.op_type == "RMSNormalization" else write.step("Sub", data, write.mean(data, axes, opset))
    spread = write.mean(write.step("Mul", centred, centred), axes, opset)
    root = write.step("Sqrt", write.step("Add", spread, write.constant(found.get("epsilon", 1e-5))))
    normal = write.step("Div", centred, root)
    biased = len(node.input) > 2 and bool(node.input[2])
    scaled = write.step("Mul", normal, node.input[1], last=not biased)
    if biased:
        write.step("Add", scaled, node.input[2], last=True)
    return write.nodes, write.tensors


def _squares(node: NodeProto, rank: int | None, opset: int) -> tuple[list[NodeProto], list[TensorProto]] | None:
    """A sum of squares, and its root where the operator takes one."""
    write = _Writer(node)
    root = node.op_type == "ReduceL2"
    squares = write.step("Mul", node.input[0], node.input[0])
    total = write.step("ReduceSum", squares, *node.input[1:], last=not root)
    if opset >= 13 and len(node.input) < 2:
        axes = _attributes(node).get("axes")
        if axes is not None:
            write.nodes[-1].input.append(write.constant(axes, np.int64))
    for attribute in node.attribute:
        if attribute.name != "axes" or opset < 13:
            write.nodes[-1].attribute.append(attribute)
    if root:
        write.step("Sqrt", total, last=True)
    return write.nodes, write.tensors


_STEPS: dict[str, Callable[[NodeProto, int | None, int], tuple[list[NodeProto], list[TensorProto]] | None]] = {
    "LayerNormalization": _layer_normalization,
    "RMSNormalization": _layer_normalization,
    "ReduceL2": _squares,
    "ReduceSumSquare": _squares,
}
