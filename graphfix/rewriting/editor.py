"""A model opened for editing with onnx-graphsurgeon, without loss and with facts about every tensor.

Graphsurgeon's own export forgets documentation, metadata and quantisation annotations, cannot write an empty
attribute, repeats outer initializers in every subgraph that reads them and renames tensors of the model it came
from. Here an unchanged node keeps its NodeProto, and the model that was passed in is not modified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import DTYPES, Value
from graphfix.ir.dtypes import CODES
from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Tensors
from graphfix.rewriting.imported_tensors import frozen, lazily
from graphfix.rewriting.importing import Imported, is_untouched
from graphfix.rewriting.rewrite import Declined, Key

Array = np.ndarray[Any, Any]


class GraphEditor:
    """A model opened as graphsurgeon graphs, one for each scope; export.py returns the edited model."""

    def __init__(self, model: ModelProto, stamp: str) -> None:
        import onnx_graphsurgeon as gs
        from onnx_graphsurgeon.logger import G_LOGGER

        G_LOGGER.severity = G_LOGGER.CRITICAL
        self.gs: Any = gs
        self.model, self.stamp = model, stamp
        self.facts = facts_of(model)
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
        self.imported = Imported(model)
        self.top: Any = self.imported.graph
        self.scopes: dict[int, tuple[str, ...]] = {}
        self._keys: dict[int, Key] = {}
        self._labels: dict[Key, str] = {}
        self._values: dict[int, Value] = {}
        self._protos: dict[int, NodeProto] = {}
        self.attributes: dict[int, dict[str, Any]] = {}
        self.sources: dict[int, GraphProto] = {}
        self.owners: dict[int, int] = {}
        self._alive: list[Any] = []
        self._dead: set[int] = set()
        self._last = dict[int, int]()
        self.names = ValueNames(self.imported.names())
        self.builder: Builder[Any] = Builder(Tensors(gs, self._alive), self.names, stamp)
        if self.imported.whole:
            self._remember(self.top, model.graph, ())
        else:
            self._watch()

    def _watch(self) -> None:
        """Record what is imported of a graph without subgraphs, as it is imported."""
        imported, source = self.imported, self.model.graph
        self.scopes[id(self.top)], self.sources[id(self.top)] = (), source
        for name, tensor in imported.tensors.items():
            self._remember_tensor(name, tensor)
        imported.on_tensor, imported.on_node = self._remember_tensor, self._remember_attributes

    def _remember_tensor(self, name: str, tensor: Any) -> None:
        """Record the facts about a tensor of the main graph, which `imported` keeps."""
        value = self.facts.value(name)
        if value is not None:
            self._values[id(tensor)] = value
        if isinstance(tensor, self.gs.Constant):
            lazily(tensor)
            self.owners[id(tensor)] = id(self.top)

    def _remember_attributes(self, node: Any) -> None:
        """Record the attributes of an imported node, to see later whether they were changed."""
        self.attributes[id(node)] = {k: (v, frozen(v)) for k, v in node.attrs.items()} if node.attrs else {}

    def _remember(self, graph: Any, source: GraphProto, scope: tuple[str, ...]) -> None:
        """Record the protobuf of each imported object, by identity, while the two representations still correspond."""
        self._alive.append(graph)
        self.scopes[id(graph)], self.sources[id(graph)] = scope, source
        owned = {t.name for t in source.initializer} | {s.values.name for s in source.sparse_initializer}
        for name, tensor in graph.tensors().items():
            value = self.facts.value(name, scope)
            if value is not None and id(tensor) not in self._values:
                self._values[id(tensor)] = value
                self._alive.append(tensor)
            if name in owned and isinstance(tensor, self.gs.Constant):
                lazily(tensor)
                self.owners[id(tensor)] = id(graph)
        for node, proto in zip(graph.nodes, source.node, strict=True):
            self._alive.append(node)
            key = (scope, next(filter(None, proto.output[:]), ""))
            self._keys[id(node)], self._protos[id(node)] = key, proto
            self._labels[key] = _label(proto, key)
            self._remember_attributes(node)
            for item in proto.attribute[:]:
                if item.type == AttributeProto.GRAPH:
                    inner = (*scope, f"{item.name} of {proto.name or next(iter(proto.output), proto.op_type)}")
                    self._remember(node.attrs[item.name], item.g, inner)

    def graphs(self) -> list[Any]:
        """Return the main graph and every subgraph still in use, outer before inner."""
        return list(_depths(self.top, self.gs))

    def key(self, node: Any) -> Key:
        """Return the node's key in the opened model; the key of a new node is that of its first output."""
        known, at = self._keys.get(id(node)), self.imported.position(node)
        if known is None:
            names = self.imported.made[at] if at is not None else [tensor.name for tensor in node.outputs]
            return (), next(filter(None, names), "")
        return known

    def proto(self, node: Any) -> NodeProto | None:
        """Return the node as it is in the opened model; None for a new one."""
        at = self.imported.position(node)
        return self.imported.source.node[at] if at is not None else self._protos.get(id(node))

    def label(self, key: Key) -> str:
        """Return the label of the node with this key."""
        if not self._labels and not self.imported.whole:
            names = [next(filter(None, made), "") for made in self.imported.made]
            keys: list[Key] = [((), name) for name in names]
            self._labels.update(zip(keys, map(_label, self.model.graph.node, keys), strict=True))
        return self._labels.get(key, key[1])

    def value(self, tensor: Any) -> Value | None:
        """Return the facts about a tensor; None when nothing is known."""
        if isinstance(tensor, self.gs.Constant) and id(tensor) not in self._values:
            array = tensor.values
            dtype = DTYPES.get(helper.np_dtype_to_tensor_dtype(array.dtype), "")
            return Value(tensor.name, dtype, tuple(array.shape), "constant", array)
        return self._values.get(id(tensor))

    def known(self, tensor: Any) -> Array | None:
        """Return the tensor's value if it is a constant or folds to one; else None."""
        if isinstance(tensor, self.gs.Constant):
            return np.asarray(tensor.values)
        value = self.value(tensor)
        return None if value is None else value.constant

    def is_constant(self, value: Any) -> bool:
        """Whether a tensor, or the name of one that was never looked at, is a constant of the model."""
        return value in self.imported.weights if isinstance(value, str) else isinstance(value, self.gs.Constant)

    def float32_only(self, node: Any) -> Declined | None:
        """Return a Declined for a node whose first operand is not float32, the dtype in which equality was checked."""
        value = self.value(node.inputs[0])
        dtype = value.dtype if value is not None else ""
        if dtype == "float32":
            return None
        return Declined(
            f"exact only in float32, `{node.inputs[0].name}` is {dtype or 'of unknown dtype'}", at=self.label(self.key(node))
        )

    def dtype(self, tensor: Any) -> np.dtype[Any] | None:
        """Return a tensor's element type; None when it is unknown."""
        value = self.value(tensor)
        code = CODES.get(value.dtype, 0) if value is not None else 0
        return np.dtype(helper.tensor_dtype_to_np_dtype(code)) if code else None

    def dtype_only(self, node: Any, dtypes: Sequence[str]) -> Declined | None:
        """Return a Declined for a node whose first operand has none of these dtypes; an empty sequence allows all."""
        value = self.value(node.inputs[0]) if dtypes and node.inputs else None
        dtype = value.dtype if value is not None else ""
        if not dtypes or dtype in dtypes:
            return None
        found = dtype or "of unknown dtype"
        return Declined(f"`{node.inputs[0].name}` is {found}, not {' or '.join(dtypes)}", at=self.label(self.key(node)))

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

    def scope(self, graph: Any) -> tuple[str, ...]:
        """Return the scope of a graph when the model was opened."""
        return self.scopes.get(id(graph), ())

    def is_dead(self, graph: Any) -> bool:
        """Whether the graph has been discarded or merged since `graphs` was called."""
        return id(graph) in self._dead

    def discard(self, graph: Any) -> None:
        """Remove a subgraph that can never run, with all its uses of outer tensors."""
        for inner in _depths(graph, self.gs):
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
        within = [node for inner in _depths(branch, self.gs) for node in inner.nodes]
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


def _depths(graph: Any, gs: Any) -> Iterator[Any]:
    yield graph
    for node in graph.nodes:
        for value in () if is_untouched(node) else node.attrs.values():
            if isinstance(value, gs.Graph):
                yield from _depths(value, gs)


def _label(proto: NodeProto, key: Key) -> str:
    return proto.name or key[1] or proto.op_type
