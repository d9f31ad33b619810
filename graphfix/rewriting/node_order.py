"""The nodes of an edited graphsurgeon graph that its outputs depend on, sorted.

For a graph without subgraphs the result is that of graphsurgeon's `cleanup` and `toposort`, in a fraction of their time; other
graphs are passed to these.
"""

from __future__ import annotations

from typing import Any


def tidied(graph: Any, gs: Any) -> Any:
    """Remove unused nodes from a graph, sort those that are left by their depth, and return the graph."""
    if not any(isinstance(value, gs.Graph) for node in graph.nodes for value in node.attrs.values()):
        for given in graph.inputs:
            given.inputs.clear()
        used = _used(graph, gs)
        ordered = None if used is None else _ordered([node for node in graph.nodes if id(node) in used], graph, gs)
        if used is not None and ordered is not None:
            for node in graph.nodes:
                if id(node) not in used:
                    node.inputs.clear()
                    node.outputs.clear()
            graph.nodes = ordered
            return graph
    return graph.cleanup(recurse_functions=False).toposort(recurse_functions=False)


def _local(nodes: list[Any], graph: Any, gs: Any) -> set[str]:
    """Return the names of the values of a graph: those its nodes make, its inputs and its constants."""
    names = {tensor.name for node in nodes for tensor in node.outputs}
    names.update(tensor.name for tensor in graph.inputs)
    names.update(tensor.name for node in nodes for tensor in node.inputs if isinstance(tensor, gs.Constant))
    names.update(tensor.name for tensor in graph.outputs if isinstance(tensor, gs.Constant))
    names.discard("")
    return names


def _used(graph: Any, gs: Any) -> set[int] | None:
    """Return the ids of the nodes that an output depends on; None where one of them is not in the graph."""
    nodes = list(graph.nodes)
    left, known = _local(nodes, graph, gs), {id(node) for node in nodes}
    used: set[int] = set()
    waiting = list(graph.outputs)
    for tensor in waiting:  # which grows
        if tensor.name not in left:
            continue
        left.discard(tensor.name)
        for node in tensor.inputs:
            if id(node) not in known:
                return None
            used.add(id(node))
            waiting.extend(node.inputs)
    return used


def _ordered(nodes: list[Any], graph: Any, gs: Any) -> list[Any] | None:
    """Return nodes sorted by depth, those of one depth in an order in which each follows what it reads; None for a cycle."""
    local, known = _local(nodes, graph, gs), {id(node) for node in nodes}
    depths: dict[int, int] = {}
    order: list[Any] = []
    for first in nodes:
        path, begun = [first], set[int]()
        while path:
            node = path[-1]
            if id(node) in depths:
                path.pop()
                continue
            makers = [maker for tensor in node.inputs if tensor.name in local for maker in tensor.inputs]
            missing = [maker for maker in makers if id(maker) not in depths]
            if any(id(maker) in begun or id(maker) not in known for maker in missing):
                return None
            if missing:
                begun.add(id(node))
                path.extend(reversed(missing))
                continue
            depths[id(path.pop())] = 1 + max((depths[id(maker)] for maker in makers), default=-1)
            order.append(node)
    return sorted(order, key=lambda node: depths[id(node)])
