"""Keep source locations through a rewrite: every new node gets that of the node it replaces.

A new node replaces the node that it is named after (rewriting/builder.py names it so), or else the former producer of one of its
outputs. Any other new node gets the source location of the nearest consumer, else of the nearest producer; new nodes are
preferred, as they belong to the same rewrite. The same restores the metadata that tools drop on nodes they did not change.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from graphfix.ir.source_location import SourceLocation, copy_location, has_location, original_names, source_location


def propagate_locations(old: ModelProto, new: ModelProto, producer: str | None = None) -> None:
    """Give the nodes of `new`, which is changed, the source locations of those in `old`; linear in the nodes of both.

    `producer` is the name of the exporter, if it is not `old.producer_name`. A node that was not rewritten, and whose
    source location is not in the metadata or doc string, is not changed.
    """
    producer = old.producer_name if producer is None else producer
    bodies = (node for function in old.functions for node in function.node)
    nodes = (node for node, _ in _nodes(old.graph))
    if not any(has_location(node) or source_location(node, producer) is not None for node in itertools.chain(nodes, bodies)):
        return
    before = SourceNodes(old.graph)
    flow = NodeOrder.of(new.graph)
    found: dict[int, NodeProto] = {}
    fresh: set[int] = set()
    for at, node in enumerate(flow.nodes):
        known = before.stood_for(node, flow.depths[at])
        if known is None or not _same(known, node):
            fresh.add(at)
        if has_location(node):
            found[at] = node
        elif known is not None:
            found[at] = known
    flow.spread(found, fresh)
    for at, node in enumerate(flow.nodes):
        source = found.get(at)
        if source is not None and source is not node and (at in fresh or has_location(source) or source.doc_string):
            copy_location(source, node, producer)


def _same(old: NodeProto, new: NodeProto) -> bool:
    return old.op_type == new.op_type and old.name == new.name


@dataclass(slots=True)
class SourceNodes:
    """The nodes of the original model, by their names and by their outputs."""

    nodes: list[NodeProto]
    named: dict[str, NodeProto | None]
    makers: dict[tuple[int, str], NodeProto]
    anywhere: dict[str, NodeProto]

    def __init__(self, graph: GraphProto) -> None:
        self.nodes, self.named, self.makers, self.anywhere = [], {}, {}, {}
        for node, depth in _nodes(graph):
            self.nodes.append(node)
            if node.name:
                self.named[node.name] = None if node.name in self.named else node  # a name used twice identifies no node
            for name in node.output:
                self.makers.setdefault((depth, name), node)
                self.anywhere.setdefault(name, node)

    def stood_for(self, node: NodeProto, depth: int) -> NodeProto | None:
        """Return the original node that a node at some depth is or replaces; None where it has neither name nor output."""
        for name in original_names(node.name):
            found = self.named.get(name) or self.anywhere.get(name)
            if found is not None:
                return found
        makers = (self.makers.get((depth, made)) or self.anywhere.get(made) for made in node.output if made)
        return next((maker for maker in makers if maker is not None), None)


@dataclass(slots=True)
class NodeOrder:
    """The data flow of a graph and its subgraphs: all nodes, inner ones before the node that contains them.

    `readers` and `makers` are the consumers and producers of each node, `holders` the node that contains it, by index.
    """

    nodes: list[NodeProto] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    readers: list[list[int]] = field(default_factory=list)
    makers: list[list[int]] = field(default_factory=list)
    holders: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: GraphProto) -> NodeOrder:
        """Compute the data flow of a graph."""
        flow = cls()
        for node, depth in _nodes(graph):
            flow.nodes.append(node)
            flow.depths.append(depth)
            flow.readers.append([])
            flow.makers.append([])
        flow._link(graph, 0, ())
        return flow

    def _link(self, graph: GraphProto, at: int, outer: Sequence[Mapping[str, int]]) -> tuple[int, list[int]]:
        """Record the producers and consumers of a graph's nodes, whose indices start at `at`.

        Returns the index after the last node, and the producers of the graph's outputs.
        """
        made: dict[str, int] = {}
        scopes = (made, *outer)
        for node in graph.node:
            results: list[int] = []
            first = at
            for item in node.attribute:
                if item.type == AttributeProto.GRAPH:
                    at, made_inside = self._link(item.g, at, scopes)
                    results += made_inside
            for name in node.input:
                maker = _maker(name, scopes)
                if maker is not None:
                    self.readers[maker].append(at)
                    self.makers[at].append(maker)
            for inside in range(first, at):
                self.holders.setdefault(inside, at)
            for maker in results:
                self.readers[maker].append(at)
            made.update(dict.fromkeys(node.output, at))
            at += 1
        ends = (_maker(output.name, scopes) for output in graph.output)
        return at, [maker for maker in ends if maker is not None]

    def spread(self, found: dict[int, NodeProto], fresh: set[int]) -> None:
        """Give the nodes without a source that of a consumer, else of a producer, else of the node that contains them."""
        open_ = [at for at in range(len(self.nodes)) if at not in found]
        for order, sides in ((reversed(open_), self.readers), (iter(open_), self.makers)):
            for at in order:
                near = [side for side in sides[at] if side in found and at not in found]
                near.sort(key=lambda side: side not in fresh)
                if near:
                    found[at] = found[near[0]]
        for at in reversed(open_):
            if at not in found and self.holders.get(at) in found:
                found[at] = found[self.holders[at]]


def nearest_locations(graph: GraphProto) -> list[SourceLocation | None]:
    """Return the source location of every node by metadata, else of a neighbour; inner nodes come first.

    An optimizer that fuses nodes leaves some without metadata, and torch's exporter writes none for the one node of all
    parts of a `chunk`: that node gets its producer's location rather than a consumer's. Nothing is inferred where at most
    half of the nodes have metadata, or for a node whose name is a path.
    """
    flow = NodeOrder.of(graph)
    own = {at: node for at, node in enumerate(flow.nodes) if has_location(node)}
    if 2 * len(own) > len(flow.nodes):
        own |= {at: node for at, node in enumerate(flow.nodes) if "/" in node.name}
        for at, node in enumerate(flow.nodes):
            if at not in own and len(node.output) > 1 and flow.makers[at] and flow.makers[at][0] in own:
                own[at] = own[flow.makers[at][0]]
        flow.spread(own, set())
    return [source_location(own[at]) if at in own else None for at in range(len(flow.nodes))]


def _maker(name: str, scopes: Sequence[Mapping[str, int]]) -> int | None:
    return next((scope[name] for scope in scopes if name in scope), None) if name else None


def _nodes(graph: GraphProto, depth: int = 0) -> Iterator[tuple[NodeProto, int]]:
    """Iterate over all nodes with the depths of their graphs, those inside a node before it."""
    for node in graph.node:
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield from _nodes(item.g, depth + 1)
        yield node, depth
