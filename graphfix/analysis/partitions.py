"""The nodes of a model as a networkx graph, and its connected groups of supported nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from graphfix.analysis.facts import NodeFacts


def node_graph(nodes: Sequence[NodeFacts]) -> Any:
    """Return a networkx.DiGraph over positions in `nodes`, with an edge from the producer of a value to each consumer.

    Only the nodes of the main graph are in it; a value read by a node's subgraphs counts as read by the node.
    """
    import networkx as nx

    graph = nx.DiGraph()
    makers: dict[str, int] = {}
    for position, node in enumerate(nodes):
        if node.scope:
            continue
        graph.add_node(position)
        graph.add_edges_from((makers[name], position) for name in (*node.proto.input, *node.captured) if name in makers)
        makers.update(dict.fromkeys(filter(None, node.proto.output), position))
    return graph


def islands(nodes: Sequence[NodeFacts], taken: Collection[int]) -> list[list[int]]:
    """Return the connected groups of supported nodes, largest first: the parts that a compiler could compile separately.

    `taken` are the positions of supported nodes in `nodes`. A constant belongs to the group of its consumers.
    """
    import networkx as nx

    kept = node_graph(nodes).subgraph(taken)
    found = [sorted(group) for group in nx.weakly_connected_components(kept)]
    real = [group for group in found if any(nodes[position].op != "Constant" for position in group)]
    return sorted(real, key=lambda group: (-len(group), group))
