"""Restore the documentation and metadata that tools drop when they rebuild a model.

onnx-graphsurgeon's import and export keep the computation. They lose the model's version, domain, doc string and
metadata, the doc strings and metadata of nodes and values, quantisation annotations, function overloads, attributes
with types or sparse tensors, and inputs that are also initializers, whose values a caller may override.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TypeProto, ValueInfoProto

_OWN: Final = frozenset({"graph", "functions", "opset_import", "ir_version"})  # fields that are kept from the rebuilt model
_FIRST_WITH_CONSTANTS: Final = 4  # from this IR version on an initializer need not be an input

_DROPPED_BY_SURGEON: Final = frozenset(
    {
        AttributeProto.SPARSE_TENSOR,
        AttributeProto.SPARSE_TENSORS,
        AttributeProto.TYPE_PROTO,
        AttributeProto.TYPE_PROTOS,
    }
)


def restore(original: ModelProto, rebuilt: ModelProto) -> ModelProto:
    """Restore in `rebuilt`, which is changed and returned, the documentation and metadata of `original`.

    A node is identified by its name or else by its first output, a value by its name. Changes of the rebuilt model
    are kept: a value with a new shape keeps it, and so does a domain with a newer opset.
    """
    for field in original.DESCRIPTOR.fields:
        if field.name not in _OWN:
            _copy_fields(original, rebuilt, field.name)
    present = {entry.domain for entry in rebuilt.opset_import}
    rebuilt.opset_import.extend(e for e in original.opset_import if e.domain not in present)
    _restore_graph(original.graph, rebuilt.graph)
    rebuilt.ir_version = original.ir_version
    if _all_overridable(original.graph) and not _all_overridable(rebuilt.graph):
        rebuilt.ir_version = max(rebuilt.ir_version, _FIRST_WITH_CONSTANTS)
    _restore_functions(original.functions, rebuilt.functions)
    return rebuilt


def _all_overridable(graph: GraphProto) -> bool:
    return {tensor.name for tensor in graph.initializer} <= {value.name for value in graph.input}


def _copy_fields(old: Any, new: Any, *fields: str) -> None:
    """Make fields of the new message equal to those of the old one."""
    for name in fields:
        new.ClearField(name)
        content = getattr(old, name)
        if hasattr(content, "extend"):
            getattr(new, name).extend(content)
        elif old.HasField(name):
            setattr(new, name, content)


def _restore_graph(old: GraphProto, new: GraphProto) -> None:
    _copy_fields(old, new, "name", "doc_string", "metadata_props")
    _restore_defaults(old, new)
    _restore_nodes(old.node, new.node)
    known = {value.name: value for value in (*old.value_info, *old.output, *old.input)}
    for value in (*new.input, *new.output, *new.value_info):
        if (before := known.get(value.name)) is not None:
            _restore_value(before, value)
    names = {name for node in new.node for name in node.output}
    names |= {value.name for value in new.input} | {tensor.name for tensor in new.initializer}
    new.ClearField("quantization_annotation")
    new.quantization_annotation.extend(
        note
        for note in old.quantization_annotation
        if note.tensor_name in names and all(e.value in names for e in note.quant_parameter_tensor_names)
    )


def _restore_defaults(old: GraphProto, new: GraphProto) -> None:
    """Restore the inputs that are also initializers, at their former positions."""
    constants = {t.name for t in new.initializer} & {t.name for t in old.initializer}
    present = {value.name: value for value in new.input}
    inputs = [present.pop(v.name, v) for v in old.input if v.name in present or v.name in constants]
    if len(inputs) + len(present) == len(new.input):
        return
    copies = [ValueInfoProto.FromString(v.SerializeToString()) for v in (*inputs, *present.values())]
    del new.input[:]
    new.input.extend(copies)


def _restore_nodes(old: Iterable[NodeProto], new: Iterable[NodeProto]) -> None:
    by_name: dict[str, NodeProto | None] = {}
    by_output: dict[str, NodeProto] = {}
    for node in old:
        by_name[node.name] = None if node.name in by_name else node  # a name used twice identifies no node
        for name in node.output[:1]:
            by_output[name] = node
    for node in new:
        before = by_name.get(node.name) if node.name else None
        if before is None and node.output:
            before = by_output.get(node.output[0])
        if before is not None and (before.op_type, before.domain) == (node.op_type, node.domain):
            _restore_node(before, node)


def _restore_node(old: NodeProto, new: NodeProto) -> None:
    _copy_fields(old, new, "doc_string", "overload")
    if "device_configurations" in old.DESCRIPTOR.fields_by_name:
        _copy_fields(old, new, "device_configurations")
    kept = {entry.key for entry in new.metadata_props}
    new.metadata_props.extend(entry for entry in old.metadata_props if entry.key not in kept)
    attributes = {attribute.name: attribute for attribute in new.attribute}
    for before in old.attribute:
        after = attributes.get(before.name)
        if after is None:
            if before.type in _DROPPED_BY_SURGEON:
                new.attribute.append(before)
            continue
        if before.doc_string:
            after.doc_string = before.doc_string
        if before.HasField("g") and after.HasField("g"):
            _restore_graph(before.g, after.g)
        for graph_before, graph_after in zip(before.graphs, after.graphs, strict=False):
            _restore_graph(graph_before, graph_after)


def _restore_value(old: ValueInfoProto, new: ValueInfoProto) -> None:
    if not old.type.HasField("tensor_type") or _same_type(old.type, new.type):
        new.type.CopyFrom(old.type)
    _copy_fields(old, new, "doc_string", "metadata_props")


def _same_type(old: TypeProto, new: TypeProto) -> bool:
    """Whether two tensor types are equal except for denotations."""
    if not new.HasField("tensor_type") or old.tensor_type.elem_type != new.tensor_type.elem_type:
        return False
    if old.tensor_type.HasField("shape") != new.tensor_type.HasField("shape"):
        return False
    shapes = [[(d.dim_value, d.dim_param) for d in t.tensor_type.shape.dim] for t in (old, new)]
    return shapes[0] == shapes[1]


def _restore_functions(old: Iterable[FunctionProto], new: Iterable[FunctionProto]) -> None:
    before: dict[tuple[str, str], list[FunctionProto]] = {}
    for function in old:
        before.setdefault((function.domain, function.name), []).append(function)
    for function in new:
        candidates = before.get((function.domain, function.name))
        if not candidates:
            continue
        match = candidates.pop(0)  # overloads lose the field that distinguishes them, but not their order
        _copy_fields(match, function, "overload", "doc_string", "metadata_props", "value_info")
        present = {entry.domain for entry in function.opset_import}
        function.opset_import.extend(e for e in match.opset_import if e.domain not in present)
        _restore_nodes(match.node, function.node)
