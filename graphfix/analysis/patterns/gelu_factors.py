"""GELU in elementary operators, x * (1 + erf(x / sqrt 2)) * 0.5, whose factors come in several orders.

A compiler that fuses it may look for the constant in one place and read another factor as if it were there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

NEAR = 1e-4
"""How far a constant may be from what it stands for."""


def _find(context: Context) -> dict[int, Told]:
    if not context.by_op.get("Erf"):
        return {}
    found: dict[int, Told] = {}
    for at in context.at({"Mul"}):
        inputs = context.nodes[at].inputs
        places = {place for value in inputs for place in _products(context, value)}
        if len(inputs) == 2 and places:
            last = inputs[1]
            usual = places == {"last"} and last is not None and last.constant is not None
            found[at] = {"gelu": "constants last" if usual else "constant elsewhere"}
    return found


def _products(context: Context, value: Value | None) -> Iterator[str]:
    """Yield for each factor of a product that is 1 + erf(x / sqrt 2) where the 1 is: `first` or `last`."""
    for factor in _operands(context, value, "Mul"):
        terms = list(_operands(context, factor, "Add"))
        for place, one, other in zip(("first", "last"), terms, terms[::-1], strict=False):
            if _number(one, 1.0) and _is_erf(context, other):
                yield place


def _is_erf(context: Context, value: Value | None) -> bool:
    """Whether a value is erf(x / sqrt 2), as a quotient."""
    for quotient in _operands(context, value, "Erf"):
        divisor = list(_operands(context, quotient, "Div"))[1:]
        if divisor and _number(divisor[0], math.sqrt(2)):
            return True
    return False


def _operands(context: Context, value: Value | None, op: str) -> Iterator[Value | None]:
    """Yield the operands of what makes a value, where that is a node of one operator."""
    maker: NodeFacts | None = context.producer(value.name) if value is not None else None
    if maker is not None and maker.op == op and not maker.domain:
        yield from maker.inputs


def _number(value: Value | None, wanted: float) -> bool:
    """Whether a value is a constant of one element near a number."""
    known = value.constant if value is not None else None
    return known is not None and known.size == 1 and known.dtype.kind == "f" and abs(float(known.flat[0]) - wanted) < NEAR


PATTERN = StructuralPattern(
    frozenset({"Mul"}),
    {"gelu": "nothing"},
    _find,
    own=True,
)
