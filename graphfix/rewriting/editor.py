"""A model opened for editing with onnx-graphsurgeon, without loss and with facts about every tensor.

Graphsurgeon's own export forgets documentation, metadata and quantisation annotations, cannot write an empty
attribute, repeats outer initializers in every subgraph that reads them and renames tensors of the model it came
from. Here an unchanged node keeps its NodeProto, and the model that was passed in is not modified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.rewriting.builder import Builder
from graphfix.rewriting.opened import Array, Opened, depths


class GraphEditor(Opened):
    """A model opened as graphsurgeon graphs, and the edits of these; export.py returns the edited model."""

    def fresh(self, name: str) -> str:
        """Return the name, with a number appended if it is taken in any scope."""
        return self.names.fresh(name)

    def at(self, origin: str) -> Builder[Any]:
        """Return a builder for the replacement of the node with this label."""
        return self.builder.at(origin)

    def constant(self, name: str, array: Array) -> Any:
        """Return a new initializer of the main graph, even if another has the same content."""
        return self.builder.form.constant(self.fresh(name), array)

    def attribute(self, item: AttributeProto) -> Any:
        """Return an attribute's value as graphsurgeon represents it."""
        value = helper.get_attribute_value(item)
        if isinstance(value, TensorProto):
            return self.gs.Constant(item.name, numpy_helper.to_array(value))
        if isinstance(value, list | tuple):
            return [v.decode() if isinstance(v, bytes) else v for v in value]
        return value.decode() if isinstance(value, bytes) else value

    def replace(
        self, graph: Any, node: Any, protos: Sequence[NodeProto],
        bound: Mapping[str, Any], made: Mapping[str, Any], constants: Mapping[str, Array],
    ) -> None:  # fmt: skip
        """Replace one node by these nodes, which use the names in `bound`, `made` and `constants`."""
        origin = self.label(self.key(node))
        names: dict[str, Any] = {"": self.gs.Variable.empty(), **bound}
        build = self.at(origin)
        names |= {name: self.constant(f"{origin}/{name}", array) for name, array in constants.items()}
        at = self.place(graph, node)
        node.inputs.clear()
        node.outputs.clear()
        for proto in protos:
            outputs = []
            for name in proto.output:
                names[name] = made[name] if name in made else build.value(name)
                outputs.append(names[name])
            attrs = {item.name: self.attribute(item) for item in proto.attribute}
            fresh = build.node(proto.op_type, [names[i] for i in proto.input], outputs, attrs)
            fresh.domain = proto.domain or None
        graph.nodes[at : at + 1] = build.nodes

    def place(self, graph: Any, node: Any) -> int:
        """Return a node's index in a graph; the search starts at the last index found, because edits mostly go in order."""
        nodes, start, count = graph.nodes, self._last.get(id(graph), 0), len(graph.nodes)
        at = self._last[id(graph)] = next(i % count for i in range(start, start + count) if nodes[i % count] is node)
        return at

    def is_dead(self, graph: Any) -> bool:
        """Whether the graph has been discarded or merged since `graphs` was called."""
        return id(graph) in self._dead

    def discard(self, graph: Any) -> None:
        """Remove a subgraph that can never run, with all its uses of outer tensors."""
        for inner in depths(graph, self.gs):
            self._dead.add(id(inner))
            for node in inner.nodes:
                node.inputs.clear()

    def merge(self, branch: Any, graph: Any) -> None:
        """Record that a branch's nodes and constants now belong to the enclosing graph."""
        self._dead.add(id(branch))
        self.owners.update({i: id(graph) for i, owner in self.owners.items() if owner == id(branch)})

    def rename(self, branch: Any) -> None:
        """Give the branch's own tensors and nodes names that no other scope uses."""
        own = {id(t): t for node in branch.nodes for t in node.outputs if t.name}
        within = [node for inner in depths(branch, self.gs) for node in inner.nodes]
        own |= {id(t): t for node in within for t in node.inputs if self.owners.get(id(t)) == id(branch)}
        others = [g for g in self.graphs() if g is not branch]
        names = {t.name for g in others for n in g.nodes for t in (*n.inputs, *n.outputs) if id(t) not in own}
        labels = {n.name for g in others for n in g.nodes}
        for tensor in own.values():
            if tensor.name in names:
                tensor.name = self.fresh(tensor.name)
        for node in branch.nodes:
            if node.name and node.name in labels:
                node.name = self.fresh(node.name)

    def find(self, tensor: Any) -> Any:
        """Return the tensor of an outer scope that is named by a subgraph's output and not produced in the subgraph."""
        for graph in self.graphs():
            for node in graph.nodes:
                for made in node.outputs:
                    if made.name == tensor.name and made is not tensor:
                        return made
            for given in graph.inputs:
                if given.name == tensor.name and given is not tensor:
                    return given
        return tensor

    def rewire(self, old: Any, new: Any) -> None:
        """Make every consumer of `old`, which must not be a graph output, read `new` instead."""
        for reader in list(old.outputs):
            for position, tensor in enumerate(reader.inputs):
                if tensor is old:
                    reader.inputs[position] = new
        old.inputs.clear()

    def become(self, inner: Any, outer: Any) -> None:
        """Make the producer and the consumers of `inner` produce and read `outer` instead."""
        for producer in list(inner.inputs):
            for position, tensor in enumerate(producer.outputs):
                if tensor is inner:
                    producer.outputs[position] = outer
        for reader in list(inner.outputs):
            for position, tensor in enumerate(reader.inputs):
                if tensor is inner:
                    reader.inputs[position] = outer

    def lower(self, node: Any) -> bool:
        """Turn a Constant node into an initializer; return False for strings and sparse tensors, which stay nodes."""
        if len(node.attrs) != 1:
            return False
        ((name, value),) = node.attrs.items()
        if name == "value" and isinstance(value, self.gs.Constant):
            content: Any = value._values  # as they are stored, without a copy
        elif name in ("value_float", "value_floats"):
            content = np.asarray(value, np.float32)
        elif name in ("value_int", "value_ints"):
            content = np.asarray(value, np.int64)
        else:
            return False
        tensor = node.outputs[0]
        node.outputs.clear()
        tensor.to_constant(content)
        return True
