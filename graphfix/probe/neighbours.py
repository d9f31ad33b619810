"""Changes of a finished probe that leave its node as it is: operators around it, names, symbols of dims, the opset.

Each is named by words that say what it does:

    in front Relu      that operator between every input and what takes it: Relu, Identity or Add
    behind Reshape     that operator between every output and the outside: Relu, Identity, Add or Reshape
    used twice         every output is also taken by a Relu, whose result is an output too
    other names        other names of values and of symbolic dims
    symbols apart      symbolic dims of different inputs have different names
    opset 15           that opset
"""

from __future__ import annotations

import re

import numpy as np
import onnx
from onnx import AttributeProto, ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper

from graphfix.analysis.constant_folding import Array
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.refusal import Inexpressible

WORDS = re.compile(
    r"in front (?:Relu|Identity|Add)|behind (?:Relu|Identity|Add|Reshape)|used twice|other names|symbols apart|opset \d+"
)
PLAIN = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32)
"""Dtypes of values beside which nodes are put: compilers support the operators that are put there in these."""
RELU = (TensorProto.FLOAT,)

Feeds = dict[str, Array]


def changed(model: ModelProto, feeds: Feeds, words: str) -> tuple[ModelProto, Feeds]:
    """Return a changed copy of a model and its inputs; Inexpressible where the change does nothing to it."""
    out = ModelProto()
    out.CopyFrom(model)
    kind, _, op = words.rpartition(" ")
    if kind == "in front":
        return out, _in_front(out, dict(feeds), op)
    if kind == "behind":
        _behind(out, op)
    elif words == "used twice":
        _used_twice(out)
    elif words == "other names":
        return out, _other_names(out, feeds)
    elif words == "symbols apart":
        _symbols_apart(out)
    else:
        _other_opset(out, int(op))
    return out, feeds


def _in_front(model: ModelProto, feeds: Feeds, op: str) -> Feeds:
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    nodes = []
    for info in graph.input:
        if info.name in constants or not _plain(info, op):
            continue
        inner, info.name = info.name, f"{info.name}_in"
        feeds[info.name] = feeds.pop(inner)
        nodes.append(_node(model, op, info.name, inner, f"{SUPPORT_PREFIX}front_{inner}", info))
    if not nodes:
        raise Inexpressible(f"{op} in front")
    graph.node.extend(nodes)
    order = [*nodes, *graph.node[: len(graph.node) - len(nodes)]]
    copies = [helper.make_node("Identity", [], []) for _ in order]
    for copy, node in zip(copies, order, strict=True):
        copy.CopyFrom(node)
    del graph.node[:]
    graph.node.extend(copies)
    return feeds


def _behind(model: ModelProto, op: str) -> None:
    done = False
    symbols = {dim.dim_param for info in model.graph.input for dim in info.type.tensor_type.shape.dim}
    for info in model.graph.output:
        if not _plain(info, op):
            continue
        done = True
        inner = info.name
        model.graph.value_info.append(_known_inside(info, symbols))
        info.name = f"{inner}_out"
        model.graph.node.append(_node(model, op, inner, info.name, f"{SUPPORT_PREFIX}behind_{inner}", info))
        if op == "Reshape":
            dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in info.type.tensor_type.shape.dim]
            del info.type.tensor_type.shape.dim[:]
            if -1 in dims:
                info.type.tensor_type.shape.dim.add(dim_param=f"{inner}_flat")
            else:
                info.type.tensor_type.shape.dim.add(dim_value=int(np.prod(dims)))
    if not done:
        raise Inexpressible(f"{op} behind")


def _known_inside(info: ValueInfoProto, symbols: set[str]) -> ValueInfoProto:
    """Return what is known of an output that becomes a value inside: a name that only the output had would be another size."""
    out = ValueInfoProto()
    out.CopyFrom(info)
    for dim in out.type.tensor_type.shape.dim:
        if dim.dim_param and dim.dim_param not in symbols:
            dim.Clear()
    return out


def _used_twice(model: ModelProto) -> None:
    fresh = []
    for info in model.graph.output:
        if _plain(info, "Relu"):
            again = ValueInfoProto()
            again.CopyFrom(info)
            again.name = f"{info.name}_again"
            model.graph.node.append(_node(model, "Relu", info.name, again.name, f"{SUPPORT_PREFIX}again_{info.name}", info))
            fresh.append(again)
    if not fresh:
        raise Inexpressible("no output to use twice")
    model.graph.output.extend(fresh)


def _other_names(model: ModelProto, feeds: Feeds) -> Feeds:
    graph = model.graph
    if model.functions or any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for n in graph.node for a in n.attribute):
        raise Inexpressible("names of values inside of nodes")
    values = [*(i.name for i in graph.input), *(t.name for t in graph.initializer), *(o for n in graph.node for o in n.output)]
    names = {name: f"value_{at}" for at, name in enumerate(dict.fromkeys(filter(None, values)))}
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    symbols: dict[str, str] = {}
    for info in (*graph.input, *graph.output, *graph.value_info):
        info.name = names.get(info.name, info.name)
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = symbols.setdefault(dim.dim_param, f"size_{len(symbols)}")
    return {names[name]: value for name, value in feeds.items()}


def _symbols_apart(model: ModelProto) -> None:
    taken: set[str] = set()
    apart = False
    for info in model.graph.input:
        own = {dim.dim_param for dim in info.type.tensor_type.shape.dim if dim.dim_param}
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param in taken:
                dim.dim_param, apart = f"{info.name}_{dim.dim_param}", True
        taken |= own
    if not apart:
        raise Inexpressible("no symbol of two inputs")
    del model.graph.value_info[:]
    for info in model.graph.output:
        for at, dim in enumerate(info.type.tensor_type.shape.dim):
            if dim.dim_param:
                dim.dim_param = f"{info.name}_{at}"


def _other_opset(model: ModelProto, opset: int) -> None:
    for each in model.opset_import:
        if each.domain == "" and each.version != opset:
            each.version = opset
            return
    raise Inexpressible(f"opset {opset}")


def _plain(info: ValueInfoProto, op: str) -> bool:
    """Whether an operator can be put beside a value."""
    return info.type.tensor_type.elem_type in (RELU if op == "Relu" else PLAIN)


def _node(model: ModelProto, op: str, given: str, made: str, name: str, info: ValueInfoProto) -> onnx.NodeProto:
    inputs = [given]
    kind = helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
    if op in ("Add", "Reshape"):
        value = np.zeros((), kind) if op == "Add" else np.asarray([-1], np.int64)
        inputs.append(f"{name}_operand")
        model.graph.initializer.append(numpy_helper.from_array(value, inputs[1]))
    return helper.make_node(op, inputs, [made], name=name)
