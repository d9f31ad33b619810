"""The order of a graph's nodes: ONNX wants each after those that make what it reads, and runtimes accept any.

Tools that put a Cast in front of the inputs append it to the list of nodes, so such models are common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import GraphProto, ModelProto, NodeProto

from graphfix.ir.traversal import graphs


def is_sorted(nodes: Sequence[NodeProto]) -> bool:
    """Whether no node, nor a subgraph of it, reads what a later one of these nodes makes."""
    late: set[str] = set()
    for node in reversed(nodes):
        late.update(node.output[:])
        late.discard("")
        if not late.isdisjoint(node.input[:]) or (node.attribute and not late.isdisjoint(_inner_reads(node))):
            return False
    return True


def unsorted_graphs(model: ModelProto) -> list[GraphProto]:
    """Return the main graph and subgraphs whose nodes are not in order."""
    return [graph for graph in graphs(model.graph) if not is_sorted(graph.node)]


def sort_nodes(model: ModelProto) -> int:
    """Sort the nodes of a model's graphs in place, each behind what it reads and else in their order; return how many graphs.

    The nodes of a cycle stay where they are.
    """
    found = unsorted_graphs(model)
    for graph in reversed(found):  # inner ones first, as the nodes are copied
        nodes = _ordered(graph.node)
        copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copies)
    return len(found)


def in_order(model: ModelProto) -> ModelProto:
    """Return the model itself where it is sorted, else a sorted copy."""
    if not unsorted_graphs(model):
        return model
    made = ModelProto()
    made.CopyFrom(model)
    sort_nodes(made)
    return made


def _ordered(nodes: Sequence[NodeProto]) -> list[NodeProto]:
    """Return nodes in the order in which a walk from each one to what it reads comes back from them."""
    maker = {name: at for at, node in enumerate(nodes) for name in node.output if name}
    order: list[int] = []
    entered: set[int] = set()
    for start in range(len(nodes)):
        if start in entered:
            continue
        entered.add(start)
        stack = [(start, _makers(nodes[start], maker))]
        while stack:
            at, read = stack[-1]
            following = next((other for other in read if other not in entered), None)
            if following is None:
                order.append(at)
                stack.pop()
            else:
                entered.add(following)
                stack.append((following, _makers(nodes[following], maker)))
    return [nodes[at] for at in order]


def _makers(node: NodeProto, maker: dict[str, int]) -> Iterator[int]:
    return iter([maker[name] for name in (*node.input, *_inner_reads(node)) if name in maker])


def _inner_reads(node: NodeProto) -> list[str]:
    """Return the values that a node's subgraphs read or return, at any depth, without those that they make."""
    found: list[str] = []
    for item in node.attribute[:]:
        for graph in [item.g] if item.HasField("g") else item.graphs:
            made = {name for inner in graph.node for name in inner.output}
            made.update(value.name for value in graph.input)
            made.update(tensor.name for tensor in graph.initializer)
            read = [name for inner in graph.node for name in (*inner.input, *_inner_reads(inner))]
            read += [value.name for value in graph.output]
            found += [name for name in read if name not in made]
    return found
