"""Sizes and bounds in the body of a loop that change from step to step, as they depend on its number or on what it carries."""

from __future__ import annotations

from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts

PLACES: Mapping[str, tuple[int, ...]] = {
    "Slice": (1, 2, 3, 4), "Range": (0, 1, 2), "Expand": (1,), "Reshape": (1,), "ConstantOfShape": (0,), "Tile": (1,),
}  # fmt: skip
"""The operands by operator that say how large a result is."""
MEASURING = frozenset({"Shape", "Size"})
"""Operators whose result depends on sizes and not on elements."""
KNOWN = ("constant", "folded", "fixed-shape")


def _find(context: Context) -> dict[int, Told]:
    """Return the facets of nodes in a body; the branches of an If have no inputs of their own."""
    changing = {value.name for value in context.graph.input}
    if not changing or PLACES.keys().isdisjoint(context.by_op) or not any(node.scope for node in context.nodes.values()):
        return {}
    for at in sorted(context.nodes):
        node = context.nodes[at]
        if node.op not in MEASURING and not changing.isdisjoint(node.proto.input):
            changing.update(node.proto.output)
    return {at: {"stepwise": True} for at in context.at(PLACES) if _changes(context.nodes[at], changing)}


def _changes(node: NodeFacts, changing: set[str]) -> bool:
    given = [node.inputs[at] for at in PLACES[node.op] if at < len(node.inputs)]
    return any(value is not None and value.name in changing and value.source not in KNOWN for value in given)


PATTERN = StructuralPattern(
    frozenset(PLACES),
    {"stepwise": False},
    _find,
    kind="operand",
    own=True,
)
