"""A Softmax of quantised numbers that are quantised again: compilers make one quantised operator of the three.

What it computes has to come out as the floats in between would; where nothing else reads those, a compiler may leave them out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.values import NodeFacts, Value

REQUANTISED = {"Softmax", "LogSoftmax"}
MOVING = {"Identity", "Dropout", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze"}
"""Operators that only move entries, which may stand before the second quantising."""
BYTES = {"int8", "uint8"}
MOST_STEPS = 32


def requantized_softmaxes(nodes: Mapping[int, NodeFacts]) -> dict[int, str]:
    """The positions of such nodes, of one graph's by position: `same dtype` of bytes before and after, or `other dtype`."""
    made = {at: node for at, node in nodes.items() if node.op in REQUANTISED and not node.domain}
    if not made or not any(node.op == "QuantizeLinear" for node in nodes.values()):
        return {}
    readers: dict[str, list[NodeFacts]] = defaultdict(list)
    makers: dict[str, NodeFacts] = {}
    for node in nodes.values():
        for value in node.inputs:
            if value is not None:
                readers[value.name].append(node)
        makers.update({value.name: node for value in node.outputs if value is not None})
    found = {}
    for at, node in made.items():
        data = node.inputs[0] if node.inputs else None
        before, after = _before(data, readers, makers), _after(node, readers)
        if before in BYTES and after in BYTES:
            found[at] = "same dtype" if before == after else "other dtype"
    return found


def _alone(value: Value | None, readers: Mapping[str, list[NodeFacts]]) -> NodeFacts | None:
    """What reads a value, if it is one."""
    one = readers.get(value.name, ()) if value is not None else ()
    return one[0] if len(one) == 1 else None


def _before(data: Value | None, readers: Mapping[str, list[NodeFacts]], makers: Mapping[str, NodeFacts]) -> str:
    """The dtype that numbers had before they were dequantised for this node alone; empty for others."""
    for _ in range(MOST_STEPS):
        maker = makers.get(data.name) if data is not None else None
        if maker is None or maker.domain or _alone(data, readers) is None or not maker.inputs or maker.inputs[0] is None:
            return ""
        if maker.op == "DequantizeLinear":
            return maker.inputs[0].dtype
        if maker.op not in REQUANTISED and maker.op != "Identity":
            return ""
        data = maker.inputs[0]
    return ""


def _after(node: NodeFacts, readers: Mapping[str, list[NodeFacts]]) -> str:
    """The dtype that the node's result is quantised to, moved or not, and by nothing else read; empty for others."""
    for _ in range(MOST_STEPS):
        made = node.outputs[0] if node.outputs else None
        reader = _alone(made, readers)
        if reader is None or reader.domain or made is None or reader.inputs[0] is None or reader.inputs[0].name != made.name:
            return ""
        if reader.op == "QuantizeLinear":
            result = reader.outputs[0] if reader.outputs else None
            return result.dtype if result is not None else ""
        if reader.op not in MOVING and reader.op not in REQUANTISED:
            return ""
        node = reader
    return ""


PATTERN = StructuralPattern(
    frozenset(REQUANTISED),
    {"requantised": "nothing"},
    lambda context: {at: {"requantised": word} for at, word in requantized_softmaxes(context.nodes).items()},
)
