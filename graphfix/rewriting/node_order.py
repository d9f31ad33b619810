"""The nodes of an edited graphsurgeon graph that its outputs depend on, sorted.

For a graph without subgraphs the result is that of graphsurgeon's `cleanup` and `toposort`, in a fraction of their time; other
graphs are passed to these. Nodes whose operands were never looked at are sorted by the names that they read and make.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphfix.rewriting.importing import Imported, is_untouched


def tidied(graph: Any, gs: Any, imported: Imported | None = None) -> Any:
    """Remove unused nodes from a graph, sort those that are left by their depth, and return the graph."""
    held = (value for node in graph.nodes if not is_untouched(node) for value in node.attrs.values())
    if not any(isinstance(value, gs.Graph) for value in held):
        for given in graph.inputs:
            given.inputs.clear()
        view = _View(graph, gs.Constant, imported if imported is not None and not imported.whole else None)
        used = view.used()
        ordered = None if used is None else view.ordered([node for node in graph.nodes if id(node) in used])
        if used is not None and ordered is not None:
            for node in graph.nodes if len(ordered) < len(graph.nodes) else ():
                if id(node) not in used:
                    node.inputs.clear()
                    node.outputs.clear()
            graph.nodes = ordered
            return graph
    return graph.cleanup(recurse_functions=False).toposort(recurse_functions=False)


@dataclass
class _View:
    """A graph whose operands are tensors or, at nodes that were never looked at, the names of tensors."""

    graph: Any
    constant: Any
    imported: Imported | None

    def local(self, nodes: Iterable[Any]) -> set[str]:
        """Return the names of the values of a graph: those its nodes make, its inputs and its constants."""
        names: set[str] = set()
        names.update(tensor.name for tensor in self.graph.inputs)
        names.update(tensor.name for tensor in self.graph.outputs if isinstance(tensor, self.constant))
        imported = self.imported
        constants = imported.constant_names(self.constant) if imported is not None else set()
        for node in nodes:
            if imported is not None and (at := imported.untouched(node)) is not None:
                names.update(imported.made[at])
                names.update(constants.intersection(imported.given[at]))
            else:
                names.update([tensor.name for tensor in node.outputs])
                names.update([tensor.name for tensor in node.inputs if isinstance(tensor, self.constant)])
        names.discard("")
        return names

    def read(self, node: Any) -> Sequence[Any]:
        """Return what a node reads."""
        imported = self.imported
        if imported is not None and (at := imported.untouched(node)) is not None:
            return imported.given[at]
        return node.inputs  # type: ignore[no-any-return]

    def makers(self, value: Any) -> Sequence[Any]:
        """Return the nodes that make a value."""
        if isinstance(value, str) and self.imported is not None:
            imported, tensor = self.imported, self.imported.tensors.get(value)
            if tensor is None:
                return [imported.nodes[imported.makers[value]]] if value in imported.makers else []
            value = tensor
        return value.inputs  # type: ignore[no-any-return]

    def used(self) -> set[int] | None:
        """Return the ids of the nodes that an output depends on; None where one of them is not in the graph."""
        nodes = list(self.graph.nodes)
        left, known = self.local(nodes), {id(node) for node in nodes}
        used: set[int] = set()
        waiting = list(self.graph.outputs)
        for value in waiting:  # which grows
            name = value if isinstance(value, str) else value.name
            if name not in left:
                continue
            left.discard(name)
            for node in self.makers(value):
                if id(node) not in known:
                    return None
                used.add(id(node))
                waiting.extend(self.read(node))
        return used

    def ordered(self, nodes: list[Any]) -> list[Any] | None:
        """Return nodes sorted by depth, those of one depth so that each follows what it reads; None for a cycle."""
        local, known = self.local(nodes), {id(node) for node in nodes}
        depths: dict[int, int] = {}
        order: list[Any] = []
        for first in nodes:
            path, begun = [first], set[int]()
            while path:
                node = path[-1]
                if id(node) in depths:
                    path.pop()
                    continue
                read = [value for value in self.read(node) if (value if isinstance(value, str) else value.name) in local]
                makers = [maker for value in read for maker in self.makers(value)]
                missing = [maker for maker in makers if id(maker) not in depths]
                if missing:
                    if any(id(maker) in begun or id(maker) not in known for maker in missing):
                        return None
                    begun.add(id(node))
                    path.extend(reversed(missing))
                    continue
                depths[id(path.pop())] = 1 + max([depths[id(maker)] for maker in makers], default=-1)
                order.append(node)
        return sorted(order, key=lambda node: depths[id(node)])
