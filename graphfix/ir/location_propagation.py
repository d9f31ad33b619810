"""Origins through a rewrite: every node that is new has that of the node it stands for.

A new node stands for the one that it is named after (builder.py names it so), or else for the one that made what it
makes now. What lies between has the origin of the nearest node behind it, else before it: new ones first, as they
belong to the same rewrite. Tools that forget the metadata of nodes they did not touch are made good in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from graphfix.ir.source_location import Origin, bears, hand_on, origin, stamped


def inherit(old: ModelProto, new: ModelProto, producer: str | None = None) -> None:
    """Give the nodes of `new`, which is changed, the origins of those in `old`; linear in the nodes of both.

    `producer` is who exported the model, if `old` does not say it. A node that is as it was stays as it was.
    """
    producer = old.producer_name if producer is None else producer
    bodies = [node for function in old.functions for node in function.node]
    before = Before(old.graph)
    if not any(bears(node) or origin(node, producer) is not None for node in (*before.nodes, *bodies)):
        return
    flow = Flow.of(new.graph)
    found: dict[int, NodeProto] = {}
    fresh: set[int] = set()
    for at, node in enumerate(flow.nodes):
        known = before.stood_for(node, flow.depths[at])
        if known is None or not _same(known, node):
            fresh.add(at)
        if bears(node):
            found[at] = node
        elif known is not None:
            found[at] = known
    flow.spread(found, fresh)
    for at, node in enumerate(flow.nodes):
        source = found.get(at)
        if source is not None and source is not node and (at in fresh or bears(source) or source.doc_string):
            hand_on(source, node, producer)


def _same(old: NodeProto, new: NodeProto) -> bool:
    return old.op_type == new.op_type and old.name == new.name


@dataclass(slots=True)
class Before:
    """The nodes of a model by their names and by what they make."""

    nodes: list[NodeProto]
    named: dict[str, NodeProto | None]
    makers: dict[tuple[int, str], NodeProto]
    anywhere: dict[str, NodeProto]

    def __init__(self, graph: GraphProto) -> None:
        self.nodes, self.named, self.makers, self.anywhere = [], {}, {}, {}
        for node, depth in _nodes(graph):
            self.nodes.append(node)
            if node.name:
                self.named[node.name] = None if node.name in self.named else node  # a name used twice tells nothing
            for name in node.output:
                self.makers.setdefault((depth, name), node)
                self.anywhere.setdefault(name, node)

    def stood_for(self, node: NodeProto, depth: int) -> NodeProto | None:
        """The node that another, in a graph at some depth, is or stands for; None where nothing says so."""
        for name in stamped(node.name):
            found = self.named.get(name) or self.anywhere.get(name)
            if found is not None:
                return found
        makers = (self.makers.get((depth, made)) or self.anywhere.get(made) for made in node.output if made)
        return next((maker for maker in makers if maker is not None), None)


@dataclass(slots=True)
class Flow:
    """The nodes of a graph and of those within, inner before the node that holds them, and who reads from whom."""

    nodes: list[NodeProto] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    readers: list[list[int]] = field(default_factory=list)
    makers: list[list[int]] = field(default_factory=list)
    holders: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: GraphProto) -> Flow:
        """The flow of a graph."""
        flow = cls()
        for node, depth in _nodes(graph):
            flow.nodes.append(node)
            flow.depths.append(depth)
            flow.readers.append([])
            flow.makers.append([])
        flow._link(graph, 0, ())
        return flow

    def _link(self, graph: GraphProto, at: int, outer: Sequence[Mapping[str, int]]) -> tuple[int, list[int]]:
        """Note who reads from whom, from a position on: the position behind, and the makers of the graph's outputs."""
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
        """Find for the nodes without a source that of a neighbour: behind them, before them, or around them."""
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


def nearest(graph: GraphProto) -> list[Origin | None]:
    """The origin by metadata of every node, inner nodes before those that hold them; a neighbour's where one has none.

    An optimiser that fuses nodes leaves some without, and torch's exporter writes one node without for all parts of a
    `chunk`: that one is nearer to what it divides than to what reads the parts. Where no more than half have one, or the
    name of a node is a path and so would tell, nothing is made up.
    """
    flow = Flow.of(graph)
    own = {at: node for at, node in enumerate(flow.nodes) if bears(node)}
    if 2 * len(own) > len(flow.nodes):
        own |= {at: node for at, node in enumerate(flow.nodes) if "/" in node.name}
        for at, node in enumerate(flow.nodes):
            if at not in own and len(node.output) > 1 and flow.makers[at] and flow.makers[at][0] in own:
                own[at] = own[flow.makers[at][0]]
        flow.spread(own, set())
    return [origin(own[at]) if at in own else None for at in range(len(flow.nodes))]


def _maker(name: str, scopes: Sequence[Mapping[str, int]]) -> int | None:
    return next((scope[name] for scope in scopes if name in scope), None) if name else None


def _nodes(graph: GraphProto, depth: int = 0) -> Iterator[tuple[NodeProto, int]]:
    """Every node with the depth of its graph, those inside a node before it."""
    for node in graph.node:
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield from _nodes(item.g, depth + 1)
        yield node, depth
