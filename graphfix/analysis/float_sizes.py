"""Sizes that are numbers of a float input: an image's size, passed to a model as float32 and cast to int64 in it."""

from __future__ import annotations

from graphfix.analysis.facts import SHAPED_BY, Facts, NodeFacts

FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})
NUMBERING = frozenset({
    "Add", "Cast", "Ceil", "Clip", "Concat", "Div", "Floor", "Gather", "Identity", "Max", "Min", "Mul", "Neg", "ReduceMax",
    "ReduceMin", "Reshape", "Round", "Slice", "Split", "Squeeze", "Sub", "Unsqueeze",
})  # fmt: skip
"""Operators that compute one size from another, so that a compiler runs them before it allocates tensors."""
FARTHEST = 64
"""The nodes that are looked at between a size and the input."""


def has_float_sizes(facts: Facts) -> bool:
    """Whether an operand that decides a shape, of integers, is computed by NUMBERING alone from numbers of a float input."""
    floats = {value.name for value in facts.inputs if value.dtype in FLOATS}
    if not floats:
        return False
    for node in facts.nodes:
        for place in SHAPED_BY.get(node.op, ()):
            value = node.inputs[place] if place < len(node.inputs) else None
            sized = value is not None and value.source == "runtime" and value.dtype not in FLOATS
            if sized and _starts_at(facts, node, node.proto.input[place], floats):
                return True
    return False


def _starts_at(facts: Facts, reader: NodeFacts, name: str, inputs: set[str]) -> bool:
    """Whether a value is computed from one of the inputs by NUMBERING alone."""
    open_names, seen = [(name, reader.scope)], set[tuple[str, tuple[str, ...]]]()
    while open_names and len(seen) < FARTHEST:
        place = open_names.pop()
        if place in seen:
            continue
        seen.add(place)
        maker = facts.producer(*place)
        if maker is None:
            if place[0] in inputs:
                return True
        elif maker.op in NUMBERING and not maker.domain:
            open_names += [(one, maker.scope) for one in maker.proto.input if one]
    return False
