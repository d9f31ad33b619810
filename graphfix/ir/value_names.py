"""The names taken in a model, and new ones that are not: the one place that decides what is taken.

Values, nodes and initializers share one set over all scopes, as a subgraph reads what is outside it, and a name that is
moved out of a branch must not meet another. Those that type annotations alone mention are taken as well: a new value by
such a name would be believed to be of that type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onnx import AttributeProto, GraphProto


class ValueNames:
    """Names, every one of them taken for good, which is what makes counting on from the last possible."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = set(names)
        self._counts: dict[str, int] = {}

    @classmethod
    def of(cls, graph: GraphProto) -> ValueNames:
        """The names taken in a graph, and in every graph within it."""
        return cls(names_in(graph))

    def add(self, name: str) -> None:
        """Take a name."""
        self._names.add(name)

    def fresh(self, name: str) -> str:
        """The name, with the lowest number from 2 on where it is taken; it is taken from then on."""
        made = name
        if name in self._names:
            count = self._counts.get(name, 2)
            while (made := f"{name}_{count}") in self._names:
                count += 1
            self._counts[name] = count + 1
        self._names.add(made)
        return made


def names_in(graph: GraphProto) -> Iterator[str]:
    """Every name of a value, initializer or node in a graph, at every depth; some more than once."""
    for infos in (graph.input, graph.output, graph.value_info, graph.initializer):
        yield from (info.name for info in infos)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield node.name
        yield from node.input[:]  # a list, as each loop over a protobuf sequence ends with an internal exception
        yield from node.output[:]
        for item in node.attribute[:]:
            for inner in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                yield from names_in(inner)
