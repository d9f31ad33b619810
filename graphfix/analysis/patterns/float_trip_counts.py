"""Loops whose number of iterations is computed from floats while running, as the function body of Range does.

A compiler that computes sizes on the host takes only integers for that.
"""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import Value

FLOATS = {"float32", "float16", "float64", "bfloat16"}
MOST_STEPS = 12


def _find(context: Context) -> dict[int, Told]:
    loops = [(at, context.nodes[at].inputs) for at in context.at(("Loop",))]
    return {at: {"trips": "floats"} for at, given in loops if given and _from_floats(given[0], context)}


def _from_floats(value: Value | None, context: Context) -> bool:
    """Whether a value that is known only while running is computed from floats that are not known before either."""
    waiting = [value]
    for _ in range(MOST_STEPS):
        if not waiting:
            return False
        one = waiting.pop()
        if one is None or one.source != "runtime":
            continue
        maker = context.producer(one.name)
        if maker is None:
            if one.dtype in FLOATS:
                return True
            continue
        waiting += [given for given in maker.inputs if given is not None]
    return False


PATTERN = StructuralPattern(
    frozenset({"Loop"}),
    {"trips": "integers"},
    _find,
)
