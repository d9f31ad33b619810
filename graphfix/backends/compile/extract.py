"""Extraction of parts of a model as models: some nodes of the main graph, or a subgraph attribute of a node.

A value that a part uses and does not produce becomes an input, with the dtype and shape that shape inference found, or an
initializer where it is constant. A value becomes an output that the rest of the model uses, or that nothing uses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TypeProto, ValueInfoProto, numpy_helper

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.dim_names import shown
from graphfix.analysis.facts import DTYPES, Facts, Value

CODES = {name: code for code, name in DTYPES.items() if name}


def extract_nodes(model: ModelProto, chosen: Collection[int], facts: Facts) -> ModelProto | None:
    """The nodes of the main graph at these positions as a model; None when one of its inputs has no known dtype."""
    import onnx_graphsurgeon as gs
    from onnx_graphsurgeon.logger import G_LOGGER

    G_LOGGER.severity = G_LOGGER.CRITICAL
    graph: Any = gs.import_onnx(model)
    nodes = list(graph.nodes)
    kept = [nodes[at] for at in sorted(chosen)]
    produced = {id(tensor): tensor for node in kept for tensor in node.outputs if tensor.name}
    used = {id(tensor): tensor for node in kept for tensor in _tensors_used(node, gs) if tensor.name}
    outer = [tensor for key, tensor in used.items() if key not in produced and not isinstance(tensor, gs.Constant)]
    graph_outputs = {id(tensor) for tensor in graph.outputs}
    used_by_rest = {id(tensor) for at, node in enumerate(nodes) if at not in chosen for tensor in _tensors_used(node, gs)}
    inputs = _inputs(outer, facts)
    if inputs is None:
        return None
    graph.nodes = kept
    graph.inputs = inputs
    graph.outputs = [
        tensor
        for key, tensor in produced.items()
        if (key in graph_outputs or key in used_by_rest or key not in used) and tensor.inputs[0].op != "Constant"
    ]
    # A subgraph keeps inputs that it does not use: its node's operands correspond to them by position.
    graph.cleanup(remove_unused_graph_inputs=True, recurse_subgraphs=False, recurse_functions=False)
    graph.toposort(recurse_functions=False)
    extracted: ModelProto = gs.export_onnx(graph, do_type_check=False)
    return _finish(extracted, model, facts, {t.name for t in graph.inputs}, [t.name for t in graph.outputs])


def _inputs(tensors: Sequence[Any], facts: Facts) -> list[Any] | None:
    """Make inputs or constants of tensors whose producers are left out; the inputs, None when a dtype is unknown."""
    inputs = []
    for tensor in tensors:
        value = facts.value(tensor.name)
        if value is None or value.dtype not in CODES:
            return None
        tensor.inputs.clear()
        constant = _constant(value)
        if constant is not None:
            tensor.to_constant(np.ascontiguousarray(constant).reshape(constant.shape))
        else:
            inputs.append(tensor)
    return inputs


def extract_bodies(model: ModelProto, at: int, facts: Facts) -> Iterator[ModelProto]:
    """The subgraph attributes of the node at a position, each as a model, where the values they capture are known."""
    node = model.graph.node[at]
    for item in node.attribute:
        if item.type != AttributeProto.GRAPH:
            continue
        scope = (f"{item.name} of {node.name or next(iter(node.output), node.op_type)}",)
        body = ModelProto()
        body.graph.CopyFrom(item.g)
        if not _declare_captured(body.graph, model, facts, scope):
            continue
        produced = {name for inner in body.graph.node for name in inner.output}
        outputs = [output.name for output in body.graph.output if output.name in produced]
        finished = _finish(body, model, facts, {info.name for info in body.graph.input}, outputs, scope)
        if finished is not None:
            yield finished


def _declare_captured(graph: GraphProto, model: ModelProto, facts: Facts, scope: tuple[str, ...]) -> bool:
    """Declare the outer-scope values of a subgraph as its initializers or inputs; False when one of them is unknown."""
    own = {name for node in graph.node for name in node.output}
    own |= {tensor.name for tensor in graph.initializer} | {info.name for info in graph.input}
    outer = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in _captured_names(graph.node, own):
        value = facts.value(name, scope)
        if name in outer:
            graph.initializer.append(outer[name])
        elif value is not None and (constant := _constant(value)) is not None:
            graph.initializer.append(numpy_helper.from_array(constant, name))
        elif value is not None and value.dtype in CODES:
            graph.input.append(typed_as(value, name))
        else:
            return False
    return True


def _constant(value: Value) -> Array | None:
    """The array of a value that is an initializer or was folded; None for any other, also one that is known from shapes."""
    return value.constant if value.source in ("constant", "folded") else None


def typed_as(value: Value, name: str) -> ValueInfoProto:
    """A declaration with the dtype and the dims that are known of a value."""
    info = ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = CODES[value.dtype]
    if value.shape is not None:
        info.type.tensor_type.shape.SetInParent()
        for size in value.shape:
            dim = info.type.tensor_type.shape.dim.add()
            if isinstance(size, int):
                dim.dim_value = size
            elif size:
                dim.dim_param = shown(size)
    return info


def _finish(
    extracted: ModelProto,
    model: ModelProto,
    facts: Facts,
    inputs: Collection[str],
    outputs: Sequence[str],
    scope: tuple[str, ...] = (),
) -> ModelProto | None:
    """The extracted graph with the original's header and value_info, and its inputs and outputs declared."""
    if not extracted.graph.node or not outputs:
        return None
    out = ModelProto(ir_version=max(model.ir_version, 4), producer_name=model.producer_name, opset_import=model.opset_import)
    out.functions.extend(model.functions)
    out.graph.CopyFrom(extracted.graph)
    out.graph.name = model.graph.name or "part"
    produced = {name for node in out.graph.node for name in node.output}
    annotations = [info for info in (model.graph if not scope else extracted.graph).value_info if info.name in produced]
    del out.graph.value_info[:]
    out.graph.value_info.extend(annotations)  # unchanged, since they may be what the compiler rejects
    original = {info.name: info for info in (*model.graph.input, *model.graph.output)} if not scope else {}
    declared = {info.name: info for info in out.graph.input}
    del out.graph.input[:]
    del out.graph.output[:]
    for name, info in declared.items():
        if name in inputs:
            value = facts.value(name, scope)
            known = typed_as(value, name) if value is not None and value.dtype in CODES else info
            out.graph.input.append(original.get(name) or known)
    for name in outputs:
        output = original.get(name) or _output(name, facts.value(name, scope))
        if output is None:
            return None
        out.graph.output.append(output)
    _drop_duplicate_initializers(out.graph, {t.name for t in out.graph.initializer} | {i.name for i in out.graph.input})
    return out


def _output(name: str, value: Value | None) -> ValueInfoProto | None:
    """The declaration of an output, of unknown dtype where nothing is known; None for a sequence or an optional."""
    if value is not None and value.dtype in CODES:
        return typed_as(value, name)
    if value is not None and value.dtype:
        return None
    return ValueInfoProto(name=name, type=TypeProto(tensor_type=TypeProto.Tensor()))


def _drop_duplicate_initializers(graph: GraphProto, outer: set[str]) -> None:
    """Remove from subgraphs the initializers whose names an outer graph defines."""
    for node in graph.node:
        outer = outer | set(node.output)
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                kept = [t for t in item.g.initializer if t.name not in outer]
                del item.g.initializer[:]
                item.g.initializer.extend(kept)
                _drop_duplicate_initializers(item.g, outer | {t.name for t in kept} | {i.name for i in item.g.input})


def _tensors_used(node: Any, gs: Any) -> Iterator[Any]:
    """The operands of a node and the outer-scope tensors that its subgraphs use."""
    yield from node.inputs
    for value in node.attrs.values():
        if isinstance(value, gs.Graph):
            own = {id(t) for inner in value.nodes for t in inner.outputs} | {id(t) for t in value.inputs}
            used = [t for inner in value.nodes for t in _tensors_used(inner, gs)] + list(value.outputs)
            yield from (t for t in used if id(t) not in own)


def _captured_names(nodes: Sequence[NodeProto], own: set[str]) -> list[str]:
    """The names that nodes and their subgraphs use and that are not in `own`, in the order of use."""
    found: dict[str, None] = {}
    for node in nodes:
        found.update({name: None for name in node.input if name and name not in own})
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                inner = own | {n for one in item.g.node for n in one.output} | {t.name for t in item.g.initializer}
                inner |= {info.name for info in item.g.input}
                found.update(dict.fromkeys(_captured_names(item.g.node, inner)))
                found.update({output.name: None for output in item.g.output if output.name not in inner})
    return list(found)
