"""Import of a model into graphsurgeon: the graph that its own importer makes, in a fraction of the time for many nodes.

Graphsurgeon keeps the lists of a tensor's nodes and a node's tensors in step, and looks each of them up for that again as it
builds a node. While a graph is built they are filled from both sides instead. Subgraphs are imported by graphsurgeon.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from onnx import ModelProto, NodeProto, SparseTensorProto


def import_model(model: ModelProto) -> Any:
    """Return a model's main graph as graphsurgeon's."""
    import onnx_graphsurgeon as gs
    from onnx_graphsurgeon.importers.onnx_importer import OnnxImporter

    if model.functions:  # which graphsurgeon shares among all graphs
        return gs.import_onnx(model)
    header = ModelProto(
        ir_version=model.ir_version, producer_name=model.producer_name, producer_version=model.producer_version,
        opset_import=model.opset_import,
    )  # fmt: skip
    header.graph.name, header.graph.doc_string = model.graph.name, model.graph.doc_string
    top = gs.import_onnx(header)
    top.import_domains, opset = model.opset_import, top.opset
    source, tensors = model.graph, OrderedDict[str, Any]()
    for weight in (*source.initializer, *source.sparse_initializer):
        name = weight.values.name if isinstance(weight, SparseTensorProto) else weight.name
        if name not in tensors:
            tensors[name] = OnnxImporter.import_tensor(weight)
    constants = set(tensors)
    for info in (*source.value_info, *source.input, *source.output):
        if info.name not in tensors:
            tensors[info.name] = OnnxImporter.import_tensor(info)
    top.inputs = [tensors[info.name] for info in source.input if info.name not in constants]
    top.outputs = [tensors[info.name] for info in source.output]

    variables, nodes = _Template(gs.Variable("")), _Template(gs.Node("", domain=None))

    def found(name: str) -> Any:
        tensor = tensors.get(name)
        if tensor is None:
            tensor = variables.copied(name=name)
            if name:  # what stands for an operand that is left out is nobody else's
                tensors[name] = tensor
        return tensor

    def node(proto: NodeProto) -> Any:
        written = proto.attribute[:]
        attributes = (
            OnnxImporter.import_attributes(written, OrderedDict(), tensors, opset, model.opset_import)
            if written
            else OrderedDict()
        )
        domain = proto.domain if proto.HasField("domain") else None
        made = nodes.copied(op=proto.op_type, name=proto.name, attrs=attributes, domain=domain)
        given, results = [found(name) for name in proto.input[:]], [found(name) for name in proto.output[:]]
        list.extend(made.inputs, given)
        list.extend(made.outputs, results)
        for tensor in given:
            list.append(tensor.outputs, made)
        for tensor in results:
            list.append(tensor.inputs, made)
        return made

    top.nodes.extend(map(node, source.node))
    return top


class _Template:
    """A new node or tensor, and copies of it that have other attributes and empty lists of their own."""

    def __init__(self, made: Any) -> None:
        self.kind: type = type(made)
        self.fields = dict(vars(made))
        self.lists = [(name, type(held), dict(vars(held))) for name, held in self.fields.items() if isinstance(held, list)]

    def copied(self, **fields: Any) -> Any:
        """Return a copy with these attributes."""
        made: Any = object.__new__(self.kind)
        own = made.__dict__
        own.update(self.fields)
        own.update(fields)
        for name, kind, state in self.lists:
            held: Any = list.__new__(kind)
            held.__dict__.update(state)
            held.__dict__["parent_obj"] = made
            own[name] = held
        return made
