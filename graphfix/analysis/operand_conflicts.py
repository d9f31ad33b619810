"""Operands that contradict their operator: nodes that cannot run for any input, but which a compiler may still have to accept.

Exported graphs hold such nodes in branches that are never taken (the 8 kHz half of a speech model fed 16 kHz frames).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphfix.analysis.operand_constraints import OPERAND_LAWS, Operands
from graphfix.analysis.values import Dim, NodeFacts

GRAVE = {"Squeeze": ("axis",), "MatMul": ("inner",), "Conv": ("rank", "channels"),
         **dict.fromkeys(("RNN", "GRU", "LSTM"), ("rank", "inner"))}  # fmt: skip
"""The conflicts between operands that no compiler is known to accept, by operator."""
GRAVITY = ("none", "Squeeze", "MatMul", "Conv", "RNN", "GRU", "LSTM")
"""Operators that may contradict their operands, in order of precedence for reporting."""


def gravest_conflict(nodes: Iterable[NodeFacts]) -> str:
    """Return the operator of highest precedence that cannot run among nodes and their subgraphs; `none` without one."""
    found = (node.op if contradicts(node) else node.broken for node in nodes)
    return max(found, key=GRAVITY.index, default="none")


def contradicts(node: NodeFacts) -> bool:
    """Return whether the known shapes of the operands show that the node can never run."""
    grave = GRAVE.get(node.op)
    return grave is not None and any(word in grave for word in conflicts(node))


def conflicts(node: NodeFacts) -> Iterator[str]:
    """Yield a word for each conflict between the known shapes of the operands, also those that compilers may pass over."""
    law = OPERAND_LAWS.get(node.op)
    if law is None or node.domain or not node.inputs or node.inputs[0] is None or node.inputs[0].shape is None:
        return
    shapes = [None if value is None or value.shape is None else tuple(map(_fixed, value.shape)) for value in node.inputs]
    yield from law(Operands(node.proto, node.inputs, shapes, _fixed))


def _fixed(dim: Dim) -> int | None:
    return dim if isinstance(dim, int) else None
