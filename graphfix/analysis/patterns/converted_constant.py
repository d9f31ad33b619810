"""A CastLike of a constant: the dtype that it is cast to is known, also where the tensor of that dtype is not."""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told


def _find(context: Context) -> dict[int, Told]:
    """Return which nodes cast what depends on constants alone, and whether the model returns the result."""
    returned = {info.name for info in context.graph.output}
    told: dict[int, Told] = {}
    for at in context.at(OPS):
        node = context.nodes[at]
        data = node.inputs[0] if node.inputs else None
        if data is not None and (data.source == "constant" or (data.source == "folded" and not data.measured)):
            told[at] = {"converts": "constant" if returned.isdisjoint(node.made) else "returned"}
    return told


OPS = frozenset({"CastLike"})
PATTERN = StructuralPattern(OPS, {"converts": "data"}, _find, own=True)
