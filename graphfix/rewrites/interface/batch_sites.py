"""The operands in which an export stored a constant batch size, beside values whose batch is dynamic."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facts import NodeFacts
from graphfix.analysis.values import Value

STATES = {"LSTM": (5, 6), "GRU": (5,), "RNN": (5,)}
"""The operands of recurrent operators whose second axis is the batch: their initial states."""
SETTLED = ("constant", "folded")


def sites(node: NodeFacts, batch: int) -> Iterator[tuple[int, int]]:
    """Return the operands (by position) that must be repeated along an axis once the batch of the others is dynamic.

    A Concat joins along another axis than the batch; elementwise operators broadcast a batch of 1.
    """
    if node.domain:
        return
    if node.op in STATES and _free(node.inputs[0]) is not None:
        axis = 0 if attribute(node.proto, "layout", 0) else 1
        for position in STATES[node.op]:
            if position < len(node.inputs) and _fixed(node.inputs[position], axis, batch):
                yield position, axis
    if node.op == "Concat":
        places = {free for free in map(_free, node.inputs) if free is not None}
        joined = attribute(node.proto, "axis", 0)
        for position, value in enumerate(node.inputs):
            for axis in places:
                rank = value.rank if value is not None and value.rank else 1
                if axis != joined % rank and _fixed(value, axis, batch):
                    yield position, axis
    if node.op in ("Add", "Sub", "Mul", "Div", "Where", "MatMul") and batch > 1:
        places = {free for free in map(_free, node.inputs) if free is not None}
        ranks = {value.rank for value in node.inputs if value is not None}
        for position, value in enumerate(node.inputs) if len(ranks) == 1 else ():
            yield from ((position, axis) for axis in places if _fixed(value, axis, batch))


def _free(value: Value | None) -> int | None:
    """Return the first dynamic axis of a value; None where all dims are fixed."""
    if value is None or value.shape is None:
        return None
    return next((axis for axis, dim in enumerate(value.shape) if not isinstance(dim, int)), None)


def _fixed(value: Value | None, axis: int, batch: int) -> bool:
    """Whether a value that depends on no input has the batch along an axis."""
    if value is None or value.shape is None or axis >= len(value.shape) or value.shape[axis] != batch:
        return False
    return value.source in SETTLED or value.fixed
