"""A model's graph as data for a page: nodes, edges, source locations and clusters, as columns with numbers for texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onnx import AttributeProto

from graphfix.analysis.dim_names import is_fresh, shown
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import is_unclear
from graphfix.linter.node_verdicts import keyed
from graphfix.report.graph_clusters import cluster_tree
from graphfix.report.graph_paths import beside_readers, cluster_paths

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Dim, NodeFacts, Value
    from graphfix.linter.diagnostics import Finding
    from graphfix.report.support_page import Strings

Key = tuple[str, ...]
INPUT, OUTPUT = "input", "output"
"""The kinds of the boxes that stand for the model's own inputs and outputs, in place of an operator."""


@dataclass(slots=True)
class GraphData:
    """The graph of one model: the boxes (inputs, nodes, outputs) in order, and where verdicts and findings find theirs.

    `keys` holds the key of each node as in NodeVerdict, empty for the model's inputs and outputs. `signatures` are equal
    for a node that two models have in common.
    """

    names: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    paths: list[Key] = field(default_factory=list)
    signatures: list[tuple[Any, ...]] = field(default_factory=list)
    edges: list[tuple[int, int, str]] = field(default_factory=list)
    _places: dict[tuple[Key, str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, model: ModelProto) -> GraphData:
        """Return the data of a model or a skeleton; the calls of its own functions are shown inlined."""
        return cls.of_facts(Facts.of(model))

    @classmethod
    def of_facts(cls, facts: Facts) -> GraphData:
        """Return the data of a model whose facts are known."""
        data = cls()
        makers: dict[tuple[Key, str], int] = {}
        for value in facts.inputs:
            makers[(), value.name] = data._add(value.name, INPUT, _typed(value))
        start = len(data.names)
        rows = list(zip(keyed(facts.model.graph), facts.nodes, strict=True))
        owners: dict[Key, int] = {}
        for index, ((key, _), node) in enumerate(rows, start):
            owners[key] = index
            makers.update({(key[:-1], name): index for name in node.proto.output if name})
        for ((key, _), node), path in zip(rows, cluster_paths(facts, [key for (key, _), _ in rows]), strict=True):
            location = facts.origin(node)
            data._add(node.label, _operator(node), ", ".join(map(_typed, filter(None, node.outputs))), key, path,
                      str(location) if location is not None else "", _signature(node, key))  # fmt: skip
            output = next((name for name in node.proto.output if name), "")
            for spot in ((node.scope, node.label, output), (node.scope, node.label, "")):
                data._places.setdefault(spot, len(data.names) - 1)
        data.edges += _edges(rows, makers, owners, start)
        for info in facts.model.graph.output:
            maker = makers.get(((), info.name))
            known = facts.values[()].get(info.name)
            index = data._add(info.name, OUTPUT, _typed(known) if known is not None else info.name)
            if maker is not None:
                data.edges.append((maker, index, info.name))
        return data

    def _add(
        self, name: str, op: str, result: str, key: Key = (), path: Key = (), location: str = "", signature: tuple[Any, ...] = ()
    ) -> int:
        """Append a box, and return its index."""
        columns: tuple[tuple[list[Any], Any], ...] = (
            (self.names, name), (self.ops, op), (self.results, result), (self.keys, key), (self.paths, path),
            (self.locations, location), (self.signatures, signature or (op, name)),
        )  # fmt: skip
        for column, value in columns:
            column.append(value)
        return len(self.names) - 1

    def place(self, finding: Finding) -> int | None:
        """Return the index of the node that a finding is about; None where it is about the model, or the node is not shown."""
        found = self._places.get((finding.scope, finding.node, finding.output))
        return found if found is not None else self._places.get((finding.scope, finding.node, ""))

    def to_json(self, strings: Strings) -> dict[str, Any]:
        """Return the columns; edges are a flat list of from, to and the number of the value's name."""
        order = beside_readers(self.paths, [key[:-1] if key else None for key in self.keys], self.edges)
        tree = cluster_tree([self.paths[box] for box in order])
        clusters = dict(zip(order, tree.of_node, strict=True))
        number = strings.number
        return {
            "names": [number(name) for name in self.names],
            "ops": [number(op) for op in self.ops],
            "results": [number(text) for text in self.results],
            "locations": [number(text) for text in self.locations],
            "clusters": [clusters[box] for box in range(len(order))],
            "labels": [number(label) for label in tree.labels],
            "parents": tree.parents,
            "edges": [part for start, end, name in self.edges for part in (start, end, number(name))],
        }


def _edges(
    rows: Sequence[tuple[tuple[Key, Any], NodeFacts]], makers: dict[tuple[Key, str], int], owners: dict[Key, int], start: int
) -> Iterator[tuple[int, int, str]]:
    """Yield maker, user and name of each value that a node reads; a subgraph's outputs are read by the node that holds it."""
    for index, ((key, _), node) in enumerate(rows, start):
        for name in dict.fromkeys(name for name in node.proto.input if name):
            maker = _maker(key[:-1], name, makers)
            if maker is not None:
                yield maker, index, name
        for item in node.proto.attribute:
            if item.type == AttributeProto.GRAPH:
                for output in item.g.output:
                    maker = makers.get(((*key, item.name), output.name))
                    if maker is not None:
                        yield maker, owners[key], output.name


def _maker(scope: Key, name: str, makers: dict[tuple[Key, str], int]) -> int | None:
    """Return the box that makes a value, looked up in this graph and in those around it; None for a weight."""
    while True:
        if (scope, name) in makers:
            return makers[scope, name]
        if not scope:
            return None
        scope = scope[:-2]


def _signature(node: NodeFacts, key: Key) -> tuple[Any, ...]:
    proto = node.proto
    plain = [item.SerializeToString() for item in proto.attribute if item.type != AttributeProto.GRAPH]
    return node.domain, node.op, key[:-1], tuple(proto.input), tuple(proto.output), hash(tuple(sorted(plain)))


def _operator(node: NodeFacts) -> str:
    return f"{node.domain}.{node.op}" if node.domain else node.op


def _typed(value: Value) -> str:
    """Return a value's name with its dtype and shape, as far as they are known."""
    if value.shape is None:
        return f"{value.name}: {value.dtype}" if value.dtype else value.name
    return f"{value.name}: {value.dtype}[{', '.join(map(_dim, value.shape))}]"


def _dim(dim: Dim) -> str:
    """Return a dim as text, `?` where it is not known by a name of the model's own."""
    if isinstance(dim, int):
        return str(dim)
    return "?" if dim is None or is_unclear(dim) or is_fresh(dim) else shown(dim)
