"""Parameters of a normalization that are computed from constants, as exporters write weights that are normalized themselves.

A compiler that needs constants there may compute small tensors ahead of time and leave large ones for later.
"""

from __future__ import annotations

import math

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import Value

NORMALIZATIONS = frozenset({"BatchNormalization"})


def _find(context: Context) -> dict[int, Told]:
    known: dict[str, int] = {}
    return {
        at: {"folding": max((_largest(value, context, known) for value in context.nodes[at].inputs[1:]), default=0)}
        for at in context.at(NORMALIZATIONS)
    }


def _largest(value: Value | None, context: Context, known: dict[str, int]) -> int:
    """The number of elements of the largest tensor that a parameter is computed from; 0 where nothing is to be computed."""
    if value is None or value.source != "folded":
        return 0
    waiting, found = [value], 0
    seen: set[str] = set()
    while waiting:
        name = waiting.pop().name
        if name in seen:
            continue
        seen.add(name)
        maker = context.producer(name)
        for given in maker.inputs if maker is not None else ():
            if given is None:
                continue
            if given.name in known:
                found = max(found, known[given.name])
                continue
            shape = given.shape or ()
            found = max(found, math.prod(dim for dim in shape if isinstance(dim, int)))
            if given.source == "folded":
                waiting.append(given)
    known[value.name] = found
    return found


PATTERN = StructuralPattern(NORMALIZATIONS, {"folding": 0}, _find)
