"""A Reshape whose result only another Reshape reads: a converter makes one of the two, and the shape between is gone."""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts


def _find(context: Context) -> dict[int, Told]:
    places = context.at(("Reshape",))
    returned = {info.name for info in context.graph.output} if len(places) > 1 else set()
    return {at: {"rewritten": True} for at in places if _is_read_once(context, context.nodes[at], returned)}


def _is_read_once(context: Context, node: NodeFacts, returned: set[str]) -> bool:
    """Whether one Reshape, as its data, and nothing else reads the result."""
    name = node.made[0]
    readers = context.readers(name)
    if len(readers) != 1 or name in returned:
        return False
    (reader,) = readers
    return reader.op == "Reshape" and not reader.domain and reader.given[0] == name and reader.given[1:] != [name]


PATTERN = StructuralPattern(frozenset({"Reshape"}), {"rewritten": False}, _find, own=True)
