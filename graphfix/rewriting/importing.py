"""Import of a model into graphsurgeon: the graph that its own importer makes, in a fraction of the time for many nodes.

Graphsurgeon keeps the lists of a tensor's nodes and a node's tensors in step, and looks each of them up for that again as it
builds a node. Here a node gets its operands and attributes when they are first looked at, and a tensor is made with both of its
lists at once, as they are in the model: whatever changes them looks at them first. Most rewrites look at few nodes. Subgraphs
are imported by graphsurgeon, with every node around them.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from onnx import AttributeProto, ModelProto, SparseTensorProto

from graphfix.ir.value_names import names_in


class Imported:
    """A model's main graph as graphsurgeon's, and what is not made of it yet.

    `given` and `made` are the names that each node of the model reads and makes, `weights` its constants, and `tensors` those
    that were looked at, by the names they had. `whole` tells whether everything was imported at once. `on_tensor` is called
    with the name of each tensor that is made, and the tensor; `on_node` with each node that gets its operands.
    """

    def __init__(self, model: ModelProto) -> None:
        import onnx_graphsurgeon as gs

        self.source, self.opset_import = model.graph, model.opset_import
        self.tensors: OrderedDict[str, Any] = OrderedDict()
        self.nodes: list[Any] = []
        self.on_tensor: Callable[[str, Any], None] = _ignored
        self.on_node: Callable[[Any], None] = _ignored
        self.whole = bool(model.functions)  # which graphsurgeon shares among all graphs
        if self.whole:
            self.graph: Any = gs.import_onnx(model)
            return
        header = ModelProto(
            ir_version=model.ir_version, producer_name=model.producer_name, producer_version=model.producer_version,
            opset_import=model.opset_import,
        )  # fmt: skip
        header.graph.name, header.graph.doc_string = model.graph.name, model.graph.doc_string
        self.graph = gs.import_onnx(header)
        self.graph.import_domains, self.opset = model.opset_import, self.graph.opset
        self.weights, self.stated = _constants(model), _stated(model)
        self.given: list[list[str]] = []
        self.made: list[list[str]] = []
        self.makers: dict[str, int] = {}
        self.readers: dict[str, list[int]] = {}
        self._variables, self._template = _Template(gs.Variable("")), _Template(gs.Node("", domain=None))
        self._index(_on_demand(gs.Node))
        self.graph.inputs = [self.tensor(info.name) for info in self.source.input if info.name not in self.weights]
        self.graph.outputs = [self.tensor(info.name) for info in self.source.output]
        if self.whole:
            for name in (*self.weights, *self.stated):  # which subgraphs may read
                self.tensor(name)
            for node in self.nodes:
                self.fill(node)

    def _index(self, kind: type) -> None:
        """Make the nodes without operands, and note who makes and reads each name."""
        makers, readers = self.makers, self.readers
        for at, proto in enumerate(self.source.node):
            given, made, attributes = proto.input[:], proto.output[:], proto.attribute[:]
            self.given.append(given)
            self.made.append(made)
            for name in given:
                if name in readers:
                    readers[name].append(at)
                elif name:
                    readers[name] = [at]
            for name in made:
                if name:
                    self.whole |= name in makers  # which no valid model has
                    makers[name] = at
            self.whole |= bool(attributes) and any(item.type == AttributeProto.GRAPH for item in attributes)
            node: Any = object.__new__(kind)
            node.at, node.imported = at, self
            node.__dict__.update(op=proto.op_type, name=proto.name, domain=proto.domain if proto.HasField("domain") else None)
            self.nodes.append(node)
        self.graph.nodes.extend(self.nodes)

    def tensor(self, name: str) -> Any:
        """Return the tensor of a name in the model; what stands for an operand that is left out is nobody else's."""
        from onnx_graphsurgeon.importers.onnx_importer import OnnxImporter

        tensor = self.tensors.get(name)
        if tensor is None:
            stated = self.weights.get(name) or self.stated.get(name)
            tensor = OnnxImporter.import_tensor(stated) if stated is not None else self._variables.copied(name=name)
            if name:
                self.tensors[name] = tensor
                if not self.whole:
                    list.extend(tensor.inputs, [self.nodes[self.makers[name]]] if name in self.makers else [])
                    list.extend(tensor.outputs, [self.nodes[at] for at in self.readers.get(name, ())])
                self.on_tensor(name, tensor)
        return tensor

    def fill(self, node: Any) -> None:
        """Give a node its operands and attributes."""
        from onnx_graphsurgeon.importers.onnx_importer import OnnxImporter

        if "inputs" in node.__dict__:
            return
        written = self.source.node[node.at].attribute[:]
        attributes: OrderedDict[str, Any] = OrderedDict()
        if written:
            attributes = OnnxImporter.import_attributes(written, attributes, self.tensors, self.opset, self.opset_import)
        self._template.complete(node, attrs=attributes)
        given, made = ([self.tensor(name) for name in names[node.at]] for names in (self.given, self.made))
        for own, found, side in ((node.inputs, given, "outputs"), (node.outputs, made, "inputs")):
            list.extend(own, found)
            for tensor in found:
                if self.whole or not tensor.name:
                    list.append(getattr(tensor, side), node)
        self.on_node(node)

    def position(self, node: Any) -> int | None:
        """Return the position in the model of an imported node; None for a new one, or where all were imported at once."""
        return getattr(node, "at", None) if not self.whole else None

    def untouched(self, node: Any) -> int | None:
        """Return the position in the model of a node whose operands were never looked at; None for any other."""
        return None if "inputs" in node.__dict__ else node.at

    def read(self, node: Any) -> list[Any]:
        """Return what a node reads: tensors, and the names of those that were never looked at."""
        return list(node.inputs) if (at := self.untouched(node)) is None else [self.tensors.get(n, n) for n in self.given[at]]

    def results(self, node: Any) -> list[Any]:
        """Return what a node makes: tensors, and the names of those that were never looked at."""
        return list(node.outputs) if (at := self.untouched(node)) is None else [self.tensors.get(n, n) for n in self.made[at]]

    def settle(self) -> None:
        """Give operands to the nodes at renamed tensors, whose names are no longer those in the model."""
        renamed = [name for name, tensor in self.tensors.items() if tensor.name != name] if not self.whole else []
        for name in renamed:
            for at in (*self.readers.get(name, ()), *([self.makers[name]] if name in self.makers else [])):
                self.fill(self.nodes[at])

    def names(self) -> Iterator[str]:
        """Yield every name of a value or node in the model, at every depth; some more than once."""
        if self.whole:
            yield from names_in(self.source)
            return
        yield from (*self.weights, *self.stated, *(node.name for node in self.nodes))
        for names in (*self.given, *self.made):
            yield from names

    def constant_names(self, constant: type) -> set[str]:
        """Return the names of the constants that were never looked at, and of the tensors that are constants now."""
        return (self.weights.keys() - self.tensors.keys()) | {n for n, t in self.tensors.items() if isinstance(t, constant)}


def import_model(model: ModelProto) -> Any:
    """Return a model's main graph as graphsurgeon's."""
    return Imported(model).graph


def is_untouched(node: Any) -> bool:
    """Whether a node's operands and attributes were never looked at; such a node has no subgraphs."""
    return "attrs" not in node.__dict__


def _constants(model: ModelProto) -> dict[str, Any]:
    """Return the constants of a model by name, the first of several."""
    found: dict[str, Any] = {}
    for weight in (*model.graph.initializer, *model.graph.sparse_initializer):
        found.setdefault(weight.values.name if isinstance(weight, SparseTensorProto) else weight.name, weight)
    return found


def _stated(model: ModelProto) -> dict[str, Any]:
    """Return the types that a model states, by name, the first of several."""
    source, found = model.graph, dict[str, Any]()
    for info in (*source.value_info, *source.input, *source.output):
        found.setdefault(info.name, info)
    return found


def _ignored(*_: Any) -> None:
    """Do nothing."""


@functools.cache
def _on_demand(node: type) -> type:
    """Return a kind of graphsurgeon's node that asks for its operands and attributes when it has none."""

    def missing(self: Any, name: str) -> Any:
        if name in ("inputs", "outputs", "attrs") and "inputs" not in self.__dict__:
            self.imported.fill(self)
            return self.__dict__[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    return type("Node", (node,), {"__slots__": ("at", "imported"), "__getattr__": missing, "__doc__": node.__doc__})


class _Template:
    """A new node or tensor, and others that have its attributes and empty lists of their own."""

    def __init__(self, made: Any) -> None:
        self.kind: type = type(made)
        self.fields = dict(vars(made))
        self.lists = [(name, type(held), dict(vars(held))) for name, held in self.fields.items() if isinstance(held, list)]

    def copied(self, **fields: Any) -> Any:
        """Return a copy with these attributes."""
        made: Any = object.__new__(self.kind)
        made.__dict__.update(self.fields)
        self.complete(made, **fields)
        return made

    def complete(self, made: Any, **fields: Any) -> None:
        """Give these attributes and the lists to an object that has the others."""
        own = made.__dict__
        own.update(fields)
        for name, kind, state in self.lists:
            held: Any = list.__new__(kind)
            held.__dict__.update(state)
            held.__dict__["parent_obj"] = made
            own[name] = held
