"""Tables of positions that are counted by CumSum, as RoBERTa counts the tokens that are no padding: how long an input may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.values import integers

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts

MOST_STEPS = 8
"""How many nodes may stand between a CumSum and the table."""


def counted_misfits(facts: Facts) -> Iterator[tuple[int, int]]:
    """Yield the sizes of inputs of a CumSum that count beyond the rows of a table, each with the largest that does not."""
    tables = [node for node in facts.of_operator("Gather") if not node.domain and not attribute(node.proto, "axis", 0)]
    makers = {name: node for node in facts.nodes for name in node.proto.output if name} if tables else {}
    for node in tables:
        table = node.inputs[0]
        if table is None or table.source == "runtime" or not table.shape or not isinstance(table.shape[0], int):
            continue
        found = _counted(node.proto.input[1], makers, MOST_STEPS)
        if found is not None and sum(found) >= table.shape[0]:
            length, ahead = found
            yield length, table.shape[0] - 1 - ahead


def _counted(name: str, makers: Mapping[str, NodeFacts], steps: int) -> tuple[int, int] | None:
    """Return how many elements are counted up to a value, and what is added to the count; None where it is no count."""
    node = makers.get(name)
    if node is None or not steps:
        return None
    if node.op == "CumSum":
        data, axis = node.inputs[0], integers(node.inputs[1])
        size = data.shape[axis[0]] if data is not None and data.shape and axis else None
        return (size, -1 if attribute(node.proto, "exclusive", 0) else 0) if isinstance(size, int) else None
    if node.op not in ("Add", "Sub", "Mul", "Cast", "Identity"):
        return None
    ahead = 0
    for value in node.inputs if node.op in ("Add", "Sub") else ():
        added = value.constant if value is not None else None
        if added is not None and added.size == 1:
            ahead = int(added.reshape(())) * (1 if node.op == "Add" else -1)
    counts = (_counted(operand, makers, steps - 1) for operand in node.proto.input)
    found = next((each for each in counts if each is not None), None)
    return None if found is None else (found[0], found[1] + ahead)
