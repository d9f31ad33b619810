"""Operands that contradict their operator: what no input can make run, and a compiler may still have to swallow.

Exported graphs hold such nodes in branches that are never taken (the 8 kHz half of a speech model fed 16 kHz frames).
"""

from __future__ import annotations

from collections.abc import Iterable

from graphfix.folding import attribute
from graphfix.values import NodeFacts, Shape, Value

GRAVITY = ("none", "Squeeze", "MatMul", "Conv", "RNN", "GRU", "LSTM")
"""Operators that may contradict their operands, in the order in which one is named before another."""


def gravest(nodes: Iterable[NodeFacts]) -> str:
    """The gravest operator that cannot run among nodes and the subgraphs inside them; `none` without one."""
    found = (node.op if contradicts(node) else node.broken for node in nodes)
    return max(found, key=GRAVITY.index, default="none")


def contradicts(node: NodeFacts) -> bool:
    """Whether the known shapes of the operands rule out that the node can ever run."""
    if node.domain or not node.inputs or node.inputs[0] is None or node.inputs[0].shape is None:
        return False
    data = node.inputs[0].shape
    if node.op == "Squeeze":
        return _squeezes_more_than_ones(node, data)
    if node.op in ("LSTM", "GRU", "RNN"):
        return len(data) != 3 or _differ(data[-1], _dim(node, 1, 2))
    if node.op == "Conv":
        weight = node.inputs[1].shape if len(node.inputs) > 1 and node.inputs[1] is not None else None
        if weight is None:
            return False
        group = attribute(node.proto, "group", 1)
        return len(weight) != len(data) or (isinstance(weight[1], int) and _differ(data[1], weight[1] * group))
    if node.op == "MatMul" and len(data) > 1:
        return _differ(data[-1], _dim(node, 1, -2))
    return False


def _squeezes_more_than_ones(node: NodeFacts, data: Shape) -> bool:
    axes = node.inputs[1].constant if len(node.inputs) > 1 and node.inputs[1] is not None else None
    wanted = attribute(node.proto, "axes") if axes is None else axes.reshape(-1).tolist()
    return any(-len(data) <= axis < len(data) and _differ(data[axis], 1) for axis in wanted or ())


def _dim(node: NodeFacts, position: int, axis: int) -> int | str | None:
    value: Value | None = node.inputs[position] if len(node.inputs) > position else None
    shape = value.shape if value is not None else None
    return shape[axis] if shape is not None and len(shape) > abs(axis) - (axis < 0) else None


def _differ(one: int | str | None, other: int | str | None) -> bool:
    return isinstance(one, int) and isinstance(other, int) and one != other
