"""A copy of a model that is being rewritten as protobuf: the facts about it, and the names taken in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from graphfix.facts import Facts
from graphfix.folding import Array
from graphfix.taken import Taken


class Book:
    """A copy of a model in which loops are being written out, and the names taken in it."""

    def __init__(self, model: ModelProto, stamp: str) -> None:
        self.facts, self.stamp = Facts.of(model), stamp
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self.opset = self.facts.opsets.get("", 1)
        self._taken = Taken(_names(model.graph))
        self._constants: dict[tuple[str, bytes], str] = {}

    def fresh(self, name: str) -> str:
        """The name, with a number where it is taken."""
        return self._taken.fresh(name)

    def constant(self, name: str, array: Array) -> str:
        """An initializer of the main graph, one for equal content."""
        key = (f"{array.dtype}{array.shape}", array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.fresh(name)
            self.model.graph.initializer.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def mark(self) -> int:
        """How many initializers there are."""
        return len(self.model.graph.initializer)

    def forget(self, mark: int) -> None:
        """Take back the initializers made since the mark."""
        gone = {tensor.name for tensor in self.model.graph.initializer[mark:]}
        del self.model.graph.initializer[mark:]
        self._constants = {key: name for key, name in self._constants.items() if name not in gone}

    def hoist(self, tensor: TensorProto) -> str:
        """The same initializer in the main graph."""
        made = self.model.graph.initializer.add()
        made.CopyFrom(tensor)
        name = made.name = self.fresh(tensor.name)
        return name

    def tidy(self, mark: int) -> None:
        """Drop the initializers made since the mark that nothing reads."""
        graph = self.model.graph
        read = {name for node in every(graph.node) for name in node.input} | {output.name for output in graph.output}
        read |= {o.name for node in every(graph.node) for i in node.attribute for g in [i.g, *i.graphs] for o in g.output}
        kept = [tensor for tensor in graph.initializer[mark:] if tensor.name in read]
        del graph.initializer[mark:]
        graph.initializer.extend(kept)


def every(nodes: Any) -> Iterator[NodeProto]:
    """Nodes at every depth."""
    for node in nodes:
        yield node
        for item in node.attribute:
            for graph in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                yield from every(graph.node)


def _names(graph: GraphProto) -> Iterator[str]:
    yield from (info.name for info in (*graph.input, *graph.output))
    yield from (tensor.name for tensor in graph.initializer)
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield node.name
        yield from node.output
        for item in node.attribute:
            for inner in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                yield from _names(inner)
