"""A model input of integers that is dequantized first.

A converter that moves the input's axes may lose the scale on the way. Between two nodes, as in quantized models, it does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

OPS = frozenset({"DequantizeLinear"})


def quantized_inputs(context: Context) -> Mapping[int, Told]:
    """The facets of dequantizations of a graph's inputs."""
    places = context.at(OPS)
    if not places:
        return {}
    constants = {tensor.name for tensor in context.graph.initializer}
    given = {info.name for info in context.graph.input} - constants
    return {at: {"entering": True} for at in places if context.nodes[at].proto.input[0] in given}


PATTERN = StructuralPattern(
    OPS,
    {"entering": False},
    quantized_inputs,
)
