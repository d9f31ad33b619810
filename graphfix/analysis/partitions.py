"""The nodes of a model as a networkx graph: which of them hang together when others are taken away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from graphfix.analysis.facts import NodeFacts


def node_graph(nodes: Sequence[NodeFacts]) -> Any:
    """A networkx.DiGraph over positions in `nodes`, an edge from the maker of a value to each node that reads it.

    Only the nodes of the main graph are in it; what the subgraphs of a node read counts as read by the node.
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
    """The groups of taken nodes that hang together, largest first: what a compiler could be given piece by piece.

    `taken` are positions in `nodes`. Constants hang together with what reads them and make no island of their own.
    """
    import networkx as nx

    kept = node_graph(nodes).subgraph(taken)
    found = [sorted(group) for group in nx.weakly_connected_components(kept)]
    real = [group for group in found if any(nodes[position].op != "Constant" for position in group)]
    return sorted(real, key=lambda group: (-len(group), group))
