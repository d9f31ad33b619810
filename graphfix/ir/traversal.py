"""Iteration over the graphs of a model, and the scope of each subgraph."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import AttributeProto, GraphProto, NodeProto

Place = tuple[tuple[str, ...], str]
"""A value: the scope it is made in, and its name."""


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and every subgraph in it, at any depth."""
    yield graph
    for node in graph.node:
        for item in node.attribute[:]:
            if item.type == AttributeProto.GRAPH:
                yield from graphs(item.g)


def branch_scope(scope: tuple[str, ...], node: NodeProto, name: str) -> tuple[str, ...]:
    """The scope inside one subgraph attribute of a node, as reports print it."""
    return (*scope, f"{name} of {node.name or next(iter(node.output), node.op_type)}")
