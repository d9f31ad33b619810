"""Export of an edited graphsurgeon model to protobuf, with everything unchanged kept as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, helper, numpy_helper

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.imported_tensors import frozen
from graphfix.rewriting.importing import is_untouched
from graphfix.rewriting.node_order import tidied


def export(surgery: GraphEditor) -> ModelProto:
    """Return the edited model, without unused nodes and sorted, with everything unchanged kept as it was."""
    imported = surgery.imported
    imported.settle()
    tidied(surgery.top, surgery.gs, imported)
    graphs, owners = surgery.graphs(), surgery.owners
    used = _used(surgery, graphs)
    homeless = [t for t in used.values() if isinstance(t, surgery.gs.Constant) and id(t) not in owners]
    defined = {t if isinstance(t, str) else t.name for g in graphs for n in g.nodes for t in imported.results(n)}
    defined |= {name for name in used if isinstance(name, str)}
    defined |= {t.name for i, t in used.items() if i in owners} | {t.name for graph in graphs for t in graph.inputs}
    for tensor in homeless:
        if tensor.name in defined:
            tensor.name = surgery.names.fresh(tensor.name)
        defined.add(tensor.name)
    imported.settle()
    return Closing(surgery, graphs, used, homeless).model()


def _used(surgery: GraphEditor, graphs: list[Any]) -> dict[int | str, Any]:
    """Return the tensors that are read or handed out, by id; constants that were never looked at, as they are, by name."""
    used: dict[int | str, Any] = {}
    weights = surgery.imported.weights if not surgery.imported.whole else {}
    for graph in graphs:
        for node in graph.nodes:
            for value in surgery.imported.read(node):
                if not isinstance(value, str):
                    used[id(value)] = value
                elif value in weights:
                    used[value] = weights[value]
    return used | {id(tensor): tensor for graph in graphs for tensor in graph.outputs}


class Closing:
    """The state of one export: the graphs still in use, their tensors, and the constants that are new to the model."""

    def __init__(self, surgery: GraphEditor, graphs: list[Any], used: Mapping[int | str, Any], homeless: list[Any]) -> None:
        self.surgery, self.used, self.homeless = surgery, used, homeless
        self.alive = {id(graph) for graph in graphs}

    def model(self) -> ModelProto:
        """Return the edited model with the header of the opened one."""
        made = ModelProto()
        for descriptor, content in self.surgery.model.ListFields():
            if descriptor.name == "graph":
                continue
            if isinstance(content, int | str):
                setattr(made, descriptor.name, content)
            else:
                getattr(made, descriptor.name).extend(content)
        self._graph(self.surgery.top, made.graph)
        return made

    def _constants(self, graph: Any) -> list[Any]:
        """Return a graph's constants: its own and, in the main graph, new ones and those of removed graphs."""
        owners: Mapping[int | str, int] = self.surgery.owners  # type: ignore[assignment]  # names are no keys of it
        top = graph is self.surgery.top
        held = [t for i, t in self.used.items() if (isinstance(i, str) and top) or owners.get(i) == id(graph)]
        if top:
            held += self.homeless
            held += [t for i, t in self.used.items() if i in owners and owners[i] not in self.alive]
        return held

    def _graph(self, graph: Any, out: GraphProto) -> None:
        source = self.surgery.sources[id(graph)]
        out.name, out.doc_string = source.name, source.doc_string
        out.metadata_props.extend(source.metadata_props)
        for node in graph.nodes:
            proto = self.surgery.proto(node)
            if proto is not None and self._is_unchanged(node, proto):
                out.node.append(proto)
            else:
                self._node(node, out.node.add())
        constants = self._constants(graph)
        for tensor in constants:
            _constant(tensor, out)
        present = {tensor.name for tensor in out.initializer} | {tensor.values.name for tensor in out.sparse_initializer}
        defaults = {t.name: t for t in source.initializer}
        known = {t.name for t in graph.inputs}
        for info in source.input:
            if info.name in known or info.name in defaults:
                out.input.append(info)
                if info.name in defaults and info.name not in present:
                    out.initializer.append(defaults[info.name])
        declared = {info.name: info for info in source.output}
        for position, tensor in enumerate(graph.outputs):
            made = out.output.add()
            made.CopyFrom(declared.get(tensor.name, source.output[position]))
            made.name = tensor.name
        if source.quantization_annotation:
            names = {name for node in out.node for name in node.output} | present | {i.name for i in out.input}
            out.quantization_annotation.extend(q for q in source.quantization_annotation if q.tensor_name in names)

    def _is_unchanged(self, node: Any, proto: NodeProto) -> bool:
        """Return whether a node without subgraphs is as it was imported."""
        if node.op != proto.op_type or node.name != proto.name:
            return False
        if is_untouched(node):
            return True
        given, made = ([tensor.name for tensor in tensors] for tensors in (node.inputs, node.outputs))
        if given != proto.input[:] or made != proto.output[:]:
            return False
        imported, held = self.surgery.attributes[id(node)], node.attrs
        if not imported and not held:
            return True
        return imported.keys() == held.keys() and all(
            held[name] is value and frozen(value) == was and not isinstance(value, self.surgery.gs.Graph)
            for name, (value, was) in imported.items()
        )

    def _node(self, node: Any, out: NodeProto) -> None:
        gs = self.surgery.gs
        proto = self.surgery.proto(node)
        out.op_type, out.name = node.op, node.name
        if proto is not None:
            out.domain, out.doc_string, out.overload = proto.domain, proto.doc_string, proto.overload
            out.metadata_props.extend(proto.metadata_props)
        elif node.domain:
            out.domain = node.domain
        out.input.extend(t.name for t in node.inputs)
        out.output.extend(t.name for t in node.outputs)
        imported = self.surgery.attributes.get(id(node), {})
        for item in proto.attribute if proto is not None else ():
            if item.name not in imported:
                out.attribute.append(item)  # an attribute type that graphsurgeon does not read
            elif item.name in node.attrs and item.type != AttributeProto.GRAPH:
                value, was = imported[item.name]
                if node.attrs[item.name] is value and frozen(value) == was:
                    out.attribute.append(item)
        written = {item.name for item in out.attribute}
        for name, value in node.attrs.items():
            if name in written:
                continue
            if isinstance(value, gs.Graph):
                made = out.attribute.add(name=name, type=AttributeProto.GRAPH)
                self._graph(value, made.g)
            elif isinstance(value, gs.Constant):
                out.attribute.append(helper.make_attribute(name, numpy_helper.from_array(np.asarray(value.values))))
            elif isinstance(value, list) and not value:
                out.attribute.append(AttributeProto(name=name, type=AttributeProto.INTS))
            else:
                out.attribute.append(helper.make_attribute(name, value))


def _constant(tensor: Any, out: GraphProto) -> None:
    """Write a constant; one that was never looked at, or whose values were never loaded, is copied unchanged."""
    if isinstance(tensor, onnx.TensorProto):
        out.initializer.append(tensor)
        return
    if isinstance(tensor, onnx.SparseTensorProto):
        out.sparse_initializer.append(tensor)
        return
    content = tensor._values
    proto = getattr(content, "tensor", None)
    if isinstance(proto, onnx.SparseTensorProto):
        sparse = out.sparse_initializer.add()
        sparse.CopyFrom(proto)
        sparse.values.name = tensor.name
        return
    made = out.initializer.add()
    made.CopyFrom(proto if proto is not None else numpy_helper.from_array(np.asarray(content)))
    made.name = tensor.name
