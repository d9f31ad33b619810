"""Losses over data whose dims depend on computed sizes: fixed where these are folded, dynamic for a compiler that does not.

Compilers that lower an operator only at known sizes then lack them. Only losses are distinguished: elsewhere simplifiers fold
such sizes before compilation, while graphs with a loss are passed to training unchanged.
"""

from __future__ import annotations

from collections.abc import Callable

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

LOSSES = {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}
SIZED_BY = {"Reshape": 1, "Expand": 1, "Resize": 3, "Tile": 1, "ConstantOfShape": 0}
"""Operators that take the dims of their result from an operand, and its position."""
MOST_STEPS = 32


def has_computed_dims(op: str, data: Value | None, producer: Callable[[str], NodeFacts | None]) -> bool:
    """Whether a loss takes scores whose dims some node before it was given as computed numbers."""
    if op not in LOSSES:
        return False
    for _ in range(MOST_STEPS):
        made = producer(data.name) if data is not None else None
        if made is None:
            return False
        position = SIZED_BY.get(made.op)
        if position is not None and position < len(made.inputs):
            sizes = made.inputs[position]
            if sizes is not None and (sizes.measured or sizes.source in ("shape", "cast-shape")):
                return True
        data = made.inputs[0] if made.inputs else None
    return False


def _find(context: Context) -> dict[int, Told]:
    nodes = [(at, context.nodes[at]) for at in context.at(LOSSES)]
    return {at: {"resized": has_computed_dims(n.op, n.inputs[0] if n.inputs else None, context.producer)} for at, n in nodes}


PATTERN = StructuralPattern(frozenset(LOSSES), {"resized": False}, _find)
