"""Whether equal values are likely where a node picks by order: whole numbers, or more numbers than their dtype tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.analysis.surroundings import Readers

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts

WHOLE = frozenset({"Floor", "Ceil", "Round", "Sign", "ArgMax", "ArgMin", "NonZero", "Shape", "Size"})
"""Operators whose results are whole numbers."""
KEEPING = frozenset((
    "Abs", "Add", "Clip", "Concat", "Expand", "Flatten", "Gather", "Identity", "Max", "Min", "Mul", "Neg", "Relu", "Reshape",
    "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze",
))  # fmt: skip
"""Operators whose results are whole numbers where the computed operands are."""
STEPS = 8
"""How many nodes in front of one are looked at."""
CROWDED = {"float16": 1 << 5, "bfloat16": 1 << 4, "float32": 1 << 12}
"""From how many numbers on some are equal by chance: the root of how many a dtype has within a power of two, by dtype."""


def likely_ties(node: NodeFacts, facts: Facts) -> str:
    """Return why equal values are likely along the axis of a node, as the end of a sentence; empty where they are rare.

    They are where they do not matter.
    """
    data = next(iter(node.inputs), None)
    if data is None or not ties_matter(node, facts):
        return ""
    if _whole(node.proto.input[0], node.scope, facts, STEPS):
        return "which are likely among whole numbers"
    count = _length(node)
    if count >= CROWDED.get(data.dtype, count + 1):
        return f"which are likely among {count:,} numbers in {data.dtype}"
    return ""


def ties_matter(node: NodeFacts, facts: Facts) -> bool:
    """Whether the model depends on which of equal values a node picks.

    It does not where only the values of a TopK are used, or its indices are put in order afterwards.
    """
    if node.op != "TopK":
        return True
    return _used(node, 1, facts) and (node.scope, node.proto.output[1]) not in _OrderedTies.of(facts).by_name


class _OrderedTies:
    """The indices of the TopK nodes that equal values do not matter to: a second one, over `run * length + index`, orders them.

    `by_name` holds the indices of both, by scope and name.
    """

    def __init__(self, facts: Facts) -> None:
        self.by_name: set[tuple[tuple[str, ...], str]] = set()
        for node in facts.nodes:
            if node.op == "TopK" and len(node.proto.output) > 1:
                first = _indices_in_key(node, facts)
                self.by_name |= {(node.scope, name) for name in (first, node.proto.output[1]) if first}

    @classmethod
    def of(cls, facts: Facts) -> _OrderedTies:
        """Return those of a model, from the cache of its facts."""
        if cls not in facts.derived:
            facts.derived[cls] = cls(facts)
        found: _OrderedTies = facts.derived[cls]
        return found


def _indices_in_key(node: NodeFacts, facts: Facts) -> str:
    """Return the indices of another TopK that are the last part of the numbers that a TopK sorts; empty where none are."""

    def makers(name: str) -> dict[str, NodeFacts]:
        made = facts.producer(name, node.scope)
        given = [facts.producer(each, node.scope) for each in made.proto.input] if made is not None else []
        return {each.op: each for each in given if each is not None}

    key = makers(node.proto.input[0])
    if set(key) != {"Mul", "Cast"} or "CumSum" not in makers(key["Mul"].proto.output[0]):
        return ""
    name = key["Cast"].proto.input[0]
    first = facts.producer(name, node.scope)
    return name if first is not None and first.op == "TopK" and list(first.proto.output[1:]) == [name] else ""


def _whole(name: str, scope: tuple[str, ...], facts: Facts, steps: int) -> bool:
    """Whether a computed value holds whole numbers; False where that is not known, or it is constant."""
    value = facts.value(name, scope)
    if value is not None and value.dtype.startswith(("int", "uint", "bool")):
        return True
    maker = facts.producer(name, scope)
    if maker is None or maker.domain or not steps:
        return False
    if maker.op in WHOLE:
        return True
    given = [(each, held) for each, held in zip(maker.proto.input, maker.inputs, strict=False) if held is not None]
    computed = [each for each, held in given if held.constant is None and held.source != "constant"]
    if maker.op == "Cast":
        return _whole(maker.proto.input[0], scope, facts, steps - 1)
    if maker.op not in KEEPING or not computed or not _held_whole(maker):
        return False
    return all(_whole(each, scope, facts, steps - 1) for each in computed)


def _held_whole(node: NodeFacts) -> bool:
    """Whether the known operands of a node are whole numbers."""
    known = [value for value in node.inputs if value is not None and value.source == "constant"]
    return all(value.constant is not None and bool((value.constant == value.constant.round()).all()) for value in known
               if not value.dtype.startswith(("int", "uint", "bool")))  # fmt: skip


def _length(node: NodeFacts) -> int:
    """Return the number of elements along the node's axis, 0 where it is not known."""
    shape = node.inputs[0].shape if node.inputs and node.inputs[0] is not None else None
    axis = next((item.i for item in node.proto.attribute if item.name == "axis"), -1)
    if not shape or not -len(shape) <= axis < len(shape):
        return 0
    length = shape[axis]
    return length if isinstance(length, int) else 0


def _used(node: NodeFacts, at: int, facts: Facts) -> bool:
    """Whether an output is read by a node or is an output of the model."""
    name = node.proto.output[at] if at < len(node.proto.output) else ""
    given = {info.name for info in facts.model.graph.output}
    return bool(name) and (name in given or bool(node.scope) or (node.scope, name) in Readers.of(facts).by_name)
