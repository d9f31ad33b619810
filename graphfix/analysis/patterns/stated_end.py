"""A result that is an output of the model, with stated dims that are numbers or dims of the node's data.

onnx infers no shape of these results, and a converter that asks it knows one only where the model states it at its end.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import GraphProto

from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.values import Facet, NodeFacts

OPS = frozenset({"GroupNormalization", "MaxUnpool"})


def stated_ends(nodes: Sequence[NodeFacts], graph: GraphProto) -> dict[int, list[tuple[str, Facet]]]:
    """Return the facets of nodes of the main graph, as the model has it, whose result is an output with such dims."""
    places = [at for at, node in enumerate(nodes) if node.op in OPS and not node.scope and not node.domain]
    if not places:
        return {}
    stated = {info.name: info.type.tensor_type for info in graph.output}
    found: dict[int, list[tuple[str, Facet]]] = {}
    for at in places:
        kind, data = stated.get(nodes[at].proto.output[0]), nodes[at].inputs[0]
        if kind is None or not kind.HasField("shape") or data is None:
            continue
        known = {dim for dim in data.shape or () if isinstance(dim, str)}
        if all(dim.HasField("dim_value") or dim.dim_param in known for dim in kind.shape.dim):
            found[at] = [("concludes", True)]
    return found


PATTERN = StructuralPattern(OPS, {"concludes": False}, own=True)
