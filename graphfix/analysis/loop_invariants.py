"""Loop invariants: values carried by a Loop that its body returns unchanged, so that they equal the Loop's operands."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import AttributeProto, GraphProto, NodeProto

from graphfix.ir.operator_set import is_standard


def invariants(node: NodeProto) -> dict[str, str]:
    """Return the loop-invariant operands of a Loop, by the names of the body inputs that carry them."""
    if node.op_type != "Loop" or not is_standard(node):
        return {}
    body = next((item.g for item in node.attribute[:] if item.name == "body"), None)
    if body is None:
        return {}
    given, made = [info.name for info in body.input[2:]], [info.name for info in body.output[1:]]
    return {name: outer for name, back, outer in zip(given, made, node.input[2:], strict=False) if name == back and outer}


def read_outside(graph: GraphProto) -> None:
    """Make the nodes of every body read loop invariants from the outer scope, in place; body inputs and outputs stay."""
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
