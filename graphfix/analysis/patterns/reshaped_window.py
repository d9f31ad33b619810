"""A row of entries that a Reshape or Unsqueeze makes right before it is convolved or pooled.

Compilers without one-dimensional windows add an axis, by a Reshape of their own. Where that meets another, they may make one
of both, and not always the right one.
"""

from __future__ import annotations

from collections.abc import Callable

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

WINDOWED = {"Conv", "ConvTranspose", "ConvInteger", "AveragePool", "MaxPool", "LpPool"}
"""Operators that may have one-dimensional windows."""
RESHAPING = {"Reshape", "Unsqueeze"}
SILENT = {"Identity", "Dropout"}
MOST_STEPS = 32


def reshaped(data: Value | None, producer: Callable[[str], NodeFacts | None]) -> str:
    """How a row under such windows is made: of `one channel`, of what had `same rank` or `other rank`; else `nothing`."""
    if data is None or data.rank != 3:
        return "nothing"
    value: Value | None = data
    for _ in range(MOST_STEPS):
        made = producer(value.name) if value is not None else None
        if made is None or made.domain or (made.op not in SILENT and made.op not in RESHAPING):
            return "nothing"
        value = made.inputs[0] if made.inputs else None
        if made.op in RESHAPING:
            if (data.shape or ())[1] == 1:
                return "one channel"
            return "same rank" if value is not None and value.rank == 3 else "other rank"
    return "nothing"


def _find(context: Context) -> dict[int, Told]:
    nodes = [(at, context.nodes[at]) for at in context.at(WINDOWED)]
    return {at: {"reshaped": reshaped(n.inputs[0] if n.inputs else None, context.producer)} for at, n in nodes}


PATTERN = StructuralPattern(
    frozenset(WINDOWED),
    {"reshaped": "nothing"},
    _find,
)
