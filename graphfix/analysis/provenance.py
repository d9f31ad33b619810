"""The provenance of values: the inputs and dynamic input dims that a value depends on, and the nodes between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from graphfix.analysis.facts import SHAPED_BY, Facts, NodeFacts, Value
from graphfix.ir.records import dataclass

MEASURES = {"Shape", "Size"}


@dataclass(frozen=True, slots=True)
class Root:
    """An input that a value depends on: its value when `dim` is None, else one of its dynamic dims."""

    input: str
    dim: int | None = None

    def __str__(self) -> str:
        return f"input `{self.input}`" if self.dim is None else f"dim {self.dim} of input `{self.input}`"


def sizing_roots(roots: list[Root]) -> list[Root]:
    """Return the roots without the values of inputs whose dims are roots as well: a size depends on their dims only."""
    sized = {root.input for root in roots if root.dim is not None}
    return [root for root in roots if root.dim is not None or root.input not in sized]


@dataclass(slots=True)
class Provenance:
    """The roots of every value in a model, as bit sets over `roots`, computed in one pass in node order."""

    facts: Facts
    roots: list[Root] = field(default_factory=list)
    of_value: dict[tuple[tuple[str, ...], str], int] = field(default_factory=dict)
    of_shape: dict[tuple[tuple[str, ...], str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> Provenance:
        """Trace every value of a model; cached in the facts, linear in the number of nodes."""
        trace: Provenance | None = facts.derived.get(cls)
        if trace is None:
            trace = facts.derived[cls] = cls._traced(facts)
        return trace

    @classmethod
    def _traced(cls, facts: Facts) -> Provenance:
        trace = cls(facts)
        for value in facts.inputs:
            trace.of_value[(), value.name] = trace._bit(Root(value.name))
            free = [i for i, dim in enumerate(value.shape or ()) if not isinstance(dim, int)]
            trace.of_shape[(), value.name] = sum(trace._bit(Root(value.name, i)) for i in free)
        for node in facts.nodes:
            trace._node(node)
        return trace

    def value_roots(self, name: str, scope: tuple[str, ...]) -> list[Root]:
        """Return the roots that a value's elements depend on."""
        return self._named(self._find(self.of_value, name, scope))

    def _bit(self, root: Root) -> int:
        self.roots.append(root)
        return 1 << (len(self.roots) - 1)

    def _named(self, bits: int) -> list[Root]:
        return [root for i, root in enumerate(self.roots) if bits >> i & 1]

    def _find(self, table: dict[tuple[tuple[str, ...], str], int], name: str, scope: tuple[str, ...]) -> int:
        while True:
            found = table.get((scope, name))
            if found is not None or not scope:
                return found or 0
            scope = scope[:-1]

    def _node(self, node: NodeFacts) -> None:
        names = [name for name in (*node.proto.input, *node.captured) if name]
        values = self._all(self.of_value, names, node.scope)
        shapes = self._all(self.of_shape, names, node.scope)
        if node.op in MEASURES:
            values = shapes
        positions = SHAPED_BY.get(node.op, ())
        shaping = [node.proto.input[i] for i in positions if i < len(node.proto.input) and node.proto.input[i]]
        shapes |= self._all(self.of_value, shaping, node.scope)
        if node.op == "NonZero" or node.branches:
            shapes |= values
        for name, fact in zip(node.proto.output, node.outputs, strict=True):
            if name:
                self.of_value[node.scope, name] = 0 if fact is not None and fact.constant is not None else values
                self.of_shape[node.scope, name] = 0 if fact is not None and fact.fixed else shapes

    def _all(self, table: dict[tuple[tuple[str, ...], str], int], names: Iterable[str], scope: tuple[str, ...]) -> int:
        bits = 0
        for name in names:
            bits |= self._find(table, name, scope)
        return bits

    def chain(self, value: Value, scope: tuple[str, ...], limit: int = 12) -> list[NodeFacts]:
        """Return the nodes that compute a value, starting at the one that measures a tensor (Shape, Size, NonZero...)."""
        path: list[NodeFacts] = []
        name = value.name
        while len(path) < limit:
            node = self.facts.producer(name, scope)
            if node is None or node in path:
                break
            path.append(node)
            moving = [v for v in node.inputs if v is not None and v.source in ("shape", "cast-shape", "runtime")]
            if node.op in (*MEASURES, "NonZero") or not moving:
                break
            name, scope = moving[0].name, node.scope
        return path[::-1]
