"""Structural patterns: the nodes around a node that decide how a compiler handles it, described by facets of that node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field

from onnx import GraphProto, NodeProto

from graphfix.analysis.dims import DimExpr
from graphfix.analysis.values import Facet, NodeFacts, Value
from graphfix.ir.records import dataclass

Told = Mapping[str, Facet]
"""Facets by name."""
Judge = Callable[[NodeProto, Sequence[Value | None], Mapping[str, DimExpr]], Told]


@dataclass(slots=True)
class Context:
    """One graph of a model and the facts about its nodes, by their positions in it; each subgraph is a graph of its own.

    `outer` gives the node that makes the value a name means in the scope of the graph, as `Facts.producer` does.
    """

    graph: GraphProto
    nodes: Mapping[int, NodeFacts]
    opsets: Mapping[str, int]
    outer: Callable[[str], NodeFacts | None]
    by_op: Mapping[str, Sequence[int]] = field(init=False)
    """Positions of the nodes of ONNX's own domain, by operator."""
    _makers: dict[str, NodeFacts] = field(default_factory=dict)
    _readers: dict[str, list[NodeFacts]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the nodes by their operators."""
        by_op: dict[str, list[int]] = defaultdict(list)
        for at, node in self.nodes.items():
            if not node.domain:
                by_op[node.op].append(at)
        self.by_op = dict(by_op)

    def at(self, ops: Iterable[str]) -> list[int]:
        """Return the positions of the nodes of these operators, in order."""
        return sorted(at for op in ops for at in self.by_op.get(op, ()))

    def producer(self, name: str) -> NodeFacts | None:
        """Return the producer of a value, in this graph or an outer one; None for inputs and initializers."""
        if not self._makers:
            self._makers.update({value.name: node for node in self.nodes.values() for value in node.outputs if value is not None})
        return self._makers.get(name) or self.outer(name)

    def readers(self, name: str) -> Sequence[NodeFacts]:
        """Return the nodes of this graph that read a value."""
        if not self._readers:
            for node in self.nodes.values():
                for value in node.inputs:
                    if value is not None:
                        self._readers.setdefault(value.name, []).append(node)
        return self._readers.get(name, ())


@dataclass(frozen=True, slots=True)
class StructuralPattern:
    """A pattern and the facets that describe it, in a file of its own; registry.py lists them all.

    `ops` are the operators whose nodes have the facets, and `usual` the facets with their values where the pattern is not found.
    `find` searches a graph after all its nodes are inferred and returns the facets of the nodes in the pattern, by position.
    `judge` returns the facets of a single node from its operands, called when the node is reached: the producers of dims are
    known up to there. A pattern with neither is found by callers of `registry.noted`. What its facets mean says words.py.

    `kind` is the kind of finding that the facets lead to (see probe/naming.py);
    `loading` limits them to targets whose runtime loads a model with 1 for dynamic dims, and `own` to those that name them
    (see tables/target_facets.py).
    """

    ops: frozenset[str]
    usual: Told
    find: Callable[[Context], Mapping[int, Told]] | None = None
    judge: Judge | None = None
    kind: str = "attribute"
    loading: bool = False
    own: bool = False
