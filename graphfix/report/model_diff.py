"""The difference between two models as text, one node per line: what `fix --diff` prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto, helper

from graphfix.analysis.facts import DTYPES
from graphfix.errors import printable


def node_diff(before: ModelProto, after: ModelProto, name: str) -> str:
    """Return a unified diff of interfaces and nodes, subgraphs indented; empty where nothing differs."""
    old, new = (list(map(printable, _model_lines(model))) for model in (before, after))
    parts = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="", n=2)
    return "".join(f"{line}\n" for line in parts)


def _model_lines(model: ModelProto) -> Iterator[str]:
    for opset in sorted(model.opset_import, key=lambda o: o.domain):
        yield f"opset {opset.domain or 'ai.onnx'} {opset.version}"
    yield from _graph_lines(model.graph, "")


def _graph_lines(graph: GraphProto, indent: str) -> Iterator[str]:
    for value in graph.input:
        yield f"{indent}input {_value_text(value)}"
    for node in graph.node:
        plain = [item for item in node.attribute if item.type != AttributeProto.GRAPH]
        attributes = ", ".join(f"{item.name}={_attribute_text(item)}" for item in sorted(plain, key=lambda a: a.name))
        shown = f" {{{attributes}}}" if attributes else ""
        yield f"{indent}{', '.join(node.output)} = {node.op_type}({', '.join(node.input)}){shown}"
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield f"{indent}  {item.name}:"
                yield from _graph_lines(item.g, indent + "    ")
    for value in graph.output:
        yield f"{indent}output {_value_text(value)}"


def _value_text(value: ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    dims = [str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
    return f"{value.name}: {DTYPES.get(tensor.elem_type, '?')}[{', '.join(dims)}]"


def _attribute_text(item: AttributeProto) -> str:
    if item.type == AttributeProto.TENSOR:
        return _tensor_text(item.t)
    found = helper.get_attribute_value(item)
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)


def _tensor_text(tensor: TensorProto) -> str:
    return f"{DTYPES.get(tensor.data_type, '?')}{list(tensor.dims)}"
