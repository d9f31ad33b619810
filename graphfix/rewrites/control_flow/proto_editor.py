"""Editor of a model as protobuf: a copy of the model, the facts about it, and the names in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

from graphfix.analysis.facts import Facts
from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder, Pool
from graphfix.rewriting.emission import Protos


class ProtoEditor:
    """A copy of a model in which loops are unrolled, and the names in use."""

    def __init__(self, model: ModelProto, stamp: str) -> None:
        self.facts, self.stamp = Facts.of(model), stamp
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self.opset = self.facts.opsets.get("", 1)
        self._pool: Pool[str] = Pool()
        self._builder = Builder(Protos(self.model.graph), ValueNames.of(model.graph), stamp)

    def at(self, origin: str) -> Builder[str]:
        """Return a builder for the replacement of a node; equal constants are shared in the whole model."""
        return self._builder.at(origin, self._pool)

    def fresh(self, name: str) -> str:
        """Return the name, with a number appended if it is taken."""
        return self._builder.fresh(name)

    def mark(self) -> int:
        """Return the number of initializers."""
        return len(self.model.graph.initializer)

    def forget(self, mark: int) -> None:
        """Remove the initializers added since the mark."""
        gone = {tensor.name for tensor in self.model.graph.initializer[mark:]}
        del self.model.graph.initializer[mark:]
        self._pool.forget(gone)

    def hoist(self, tensor: TensorProto) -> str:
        """Copy an initializer to the main graph and return its name."""
        made = self.model.graph.initializer.add()
        made.CopyFrom(tensor)
        name = made.name = self.fresh(tensor.name)
        return name

    def tidy(self, mark: int) -> None:
        """Drop the unused ones among the initializers added since the mark."""
        graph = self.model.graph
        read = {name for node in every(graph.node) for name in node.input} | {output.name for output in graph.output}
        read |= {o.name for node in every(graph.node) for i in node.attribute for g in [i.g, *i.graphs] for o in g.output}
        kept = [tensor for tensor in graph.initializer[mark:] if tensor.name in read]
        del graph.initializer[mark:]
        graph.initializer.extend(kept)


def every(nodes: Any) -> Iterator[NodeProto]:
    """Yield the nodes at every depth."""
    for node in nodes:
        yield node
        for item in node.attribute:
            for graph in [item.g] if item.type == AttributeProto.GRAPH else item.graphs:
                yield from every(graph.node)
