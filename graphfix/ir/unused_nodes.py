"""Nodes and weights that no output of a model needs."""

from __future__ import annotations

from onnx import ModelProto

from graphfix.ir.traversal import graphs


def drop_unused(model: ModelProto) -> None:
    """Remove nodes and weights of the main graph that no output needs."""
    graph = model.graph
    needed = {info.name for info in graph.output}
    for inner in graphs(graph):
        if inner is not graph:
            needed |= {name for node in inner.node for name in node.input} | {info.name for info in inner.output}
    for place in range(len(graph.node) - 1, -1, -1):
        node = graph.node[place]
        if needed.isdisjoint(node.output):
            del graph.node[place]
        else:
            needed.update(node.input)
    for place in range(len(graph.initializer) - 1, -1, -1):
        if graph.initializer[place].name not in needed:
            del graph.initializer[place]
