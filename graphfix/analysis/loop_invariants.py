"""What a Loop carries and no iteration changes: its body gives it back as it was given, so that it is what it was outside."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import AttributeProto, GraphProto, NodeProto


def invariants(node: NodeProto) -> dict[str, str]:
    """The names in the body of such carried values, and of what they are outside."""
    if node.op_type != "Loop" or node.domain not in ("", "ai.onnx"):
        return {}
    body = next((item.g for item in node.attribute[:] if item.name == "body"), None)
    if body is None:
        return {}
    given, made = [info.name for info in body.input[2:]], [info.name for info in body.output[1:]]
    return {name: outer for name, back, outer in zip(given, made, node.input[2:], strict=False) if name == back and outer}


def read_outside(graph: GraphProto) -> None:
    """Let the nodes of every body read such values from outside, in place; what a body is given and gives back stays."""
    for node in graph.node:
        for item in node.attribute[:]:
            if item.type == AttributeProto.GRAPH:
                _renamed(item.g, invariants(node))
                read_outside(item.g)


def _renamed(graph: GraphProto, names: Mapping[str, str]) -> None:
    if not names:
        return
    for node in graph.node:
        for position, name in enumerate(node.input[:]):
            if name in names:
                node.input[position] = names[name]
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                _renamed(item.g, names)
