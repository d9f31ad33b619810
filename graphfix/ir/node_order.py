"""The order of a graph's nodes: ONNX wants each after those that make what it reads, and runtimes accept any.

Tools that put a Cast in front of the inputs append it to the list of nodes, so such models are common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto


def unsorted_graphs(model: ModelProto) -> list[GraphProto]:
    """Return the main graph and subgraphs in which a node, or a subgraph of it, reads what a later node makes."""
    found: list[GraphProto] = []
    _outer_reads(model.graph, found)
    return found


def sort_nodes(model: ModelProto) -> int:
    """Sort the nodes of a model's graphs in place, each behind what it reads and else in their order; return how many graphs.

    The nodes of a cycle stay where they are.
    """
    found = unsorted_graphs(model)
    for graph in found:
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


def _inner_reads(node: NodeProto, unsorted: list[GraphProto] | None = None) -> Iterator[str]:
    """Yield the values that a node's subgraphs read or return, at any depth, without those that they make."""
    for item in node.attribute[:]:
        if item.type == AttributeProto.GRAPH:
            yield from _outer_reads(item.g, unsorted)
        elif item.type == AttributeProto.GRAPHS:
            for graph in item.graphs:
                yield from _outer_reads(graph, unsorted)


def _outer_reads(graph: GraphProto, unsorted: list[GraphProto] | None = None) -> set[str]:
    """Return the values that a graph and its subgraphs read or return and do not make, each node looked at once.

    The graphs that are not sorted are appended to `unsorted`, inner ones first.
    """
    made = {"", *(value.name for value in graph.input), *(tensor.name for tensor in graph.initializer)}
    missing: set[str] = set()  # read, and not made so far
    is_sorted = True
    for node in graph.node:
        reads = {*node.input[:], *_inner_reads(node, unsorted)} if node.attribute else node.input[:]
        missing.update(name for name in reads if name not in made)
        outputs = node.output[:]
        if not missing.isdisjoint(outputs):
            is_sorted = False
            missing.difference_update(outputs)
        made.update(outputs)
    if not is_sorted and unsorted is not None:
        unsorted.append(graph)
    missing.update(value.name for value in graph.output if value.name not in made)
    return missing
