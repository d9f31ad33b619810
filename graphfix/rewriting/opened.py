"""A model opened as graphsurgeon graphs, and what is known of their objects: protobuf, facts, scope and label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import DTYPES, Value
from graphfix.ir.dtypes import CODES
from graphfix.ir.operator_set import opset_version
from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Tensors
from graphfix.rewriting.imported_tensors import frozen, lazily
from graphfix.rewriting.importing import Imported, is_untouched
from graphfix.rewriting.rewrite import Declined, Key

Array = np.ndarray[Any, Any]


class Opened:
    """A model opened as graphsurgeon graphs, one for each scope."""

    def __init__(self, model: ModelProto, stamp: str) -> None:
        import onnx_graphsurgeon as gs
        from onnx_graphsurgeon.logger import G_LOGGER

        G_LOGGER.severity = G_LOGGER.CRITICAL
        self.gs: Any = gs
        self.model, self.stamp = model, stamp
        self.facts = facts_of(model)
        self.opset = opset_version(model)
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
        return list(depths(self.top, self.gs))

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

    def scope(self, graph: Any) -> tuple[str, ...]:
        """Return the scope of a graph when the model was opened."""
        return self.scopes.get(id(graph), ())


def depths(graph: Any, gs: Any) -> Iterator[Any]:
    """Yield a graph and every subgraph in it, outer before inner."""
    yield graph
    for node in graph.nodes:
        for value in () if is_untouched(node) else node.attrs.values():
            if isinstance(value, gs.Graph):
                yield from depths(value, gs)


def _label(proto: NodeProto, key: Key) -> str:
    return proto.name or key[1] or proto.op_type
