"""Operators that work along one axis and leave the entries of another alone, and constants that hold something for each entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.values import NodeFacts, Value

ALONG = frozenset({"Softmax", "LogSoftmax", "CumSum", "Pad", "GatherElements"})
"""Operators that work along an axis, or some axes, of their operands."""


def keeps_entries(node: NodeProto, facts: NodeFacts, place: int, axis: int, rank: int) -> bool:
    """Whether an operator of `ALONG` leaves the entries along this axis of an operand as they are."""
    second = facts.inputs[1].constant if len(facts.inputs) > 1 and facts.inputs[1] is not None else None
    if node.op_type in ("Softmax", "LogSoftmax"):
        along = attribute(node, "axis", None)
        return axis < int(along % rank if along is not None else 1 if rank == 2 else 0)  # before opset 13 all axes from it on
    if node.op_type == "CumSum":
        return second is not None and place == 0 and int(second.reshape(())) % rank != axis
    if node.op_type == "Pad":
        fits = second is not None and second.size == 2 * rank and len([each for each in node.input if each]) < 4
        return fits and place == 0 and not second.reshape(2, rank)[:, axis].any()  # type: ignore[union-attr]
    return axis != int(attribute(node, "axis", 0)) % rank


def entry_constant(one: Value, two: Value, axis: int) -> bool | None:
    """Return whether constants for two numbers of entries differ between entries; None where an entry depends on the number."""
    if one.constant is None or two.constant is None:
        return None
    first = np.arange(one.constant.shape[axis])
    if not np.array_equal(one.constant, two.constant.take(first, axis)):
        return None
    return bool((one.constant != one.constant.take([0], axis)).any())


def writes_own_rows(facts: NodeFacts, rows: Mapping[int, int], counted: Sequence[int]) -> bool:
    """Whether a ScatterND writes into the row of each entry what belongs to it: its first indices are the entries' places."""
    where = facts.inputs[1].constant if facts.inputs[1] is not None else None
    if where is None or rows.get(0) != 0 or 1 not in rows or list(counted) != [1] or rows[1] == where.ndim - 1:
        return False
    if facts.outputs[0] is None or rows.get(2, rows[1]) != rows[1]:
        return False
    places = np.arange(where.shape[rows[1]]).reshape([-1 if axis == rows[1] else 1 for axis in range(where.ndim - 1)])
    return bool((where[..., 0] == places).all())
