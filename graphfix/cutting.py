"""Parts of a model as models of their own: some nodes of its main graph, or the body of a node that has one.

What a part reads from elsewhere becomes its input, typed as far as facts go, or a constant where its value is one;
what it makes and something else reads, or nothing does, becomes its output.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TypeProto, ValueInfoProto, numpy_helper

from graphfix.dim_names import shown
from graphfix.facts import DTYPES, Facts, Value

CODES = {name: code for code, name in DTYPES.items() if name}


def part(model: ModelProto, chosen: Collection[int], facts: Facts) -> ModelProto | None:
    """The nodes of the main graph at these positions; None when something they read has no known dtype."""
    import onnx_graphsurgeon as gs
    from onnx_graphsurgeon.logger import G_LOGGER

    G_LOGGER.severity = G_LOGGER.CRITICAL
    graph: Any = gs.import_onnx(model)
    nodes = list(graph.nodes)
    kept = [nodes[at] for at in sorted(chosen)]
    made = {id(tensor): tensor for node in kept for tensor in node.outputs if tensor.name}
    ends = {id(tensor) for tensor in graph.outputs}
    readers = {id(tensor) for at, node in enumerate(nodes) if at not in chosen for tensor in _read(node, gs)}
    reads = {id(tensor): tensor for node in kept for tensor in _read(node, gs) if tensor.name}
    inputs = []
    for tensor in reads.values():
        if id(tensor) in made or isinstance(tensor, gs.Constant):
            continue
        value = facts.value(tensor.name)
        if value is None or value.dtype not in CODES:
            return None
        if value.constant is not None and value.source in ("constant", "folded"):
            tensor.inputs.clear()
            tensor.to_constant(np.ascontiguousarray(value.constant).reshape(value.constant.shape))
            continue
        tensor.inputs.clear()
        inputs.append(tensor)
    inside = {id(tensor) for tensor in reads.values()}
    graph.nodes = kept
    graph.inputs = inputs
    graph.outputs = [
        t for i, t in made.items() if (i in ends or i in readers or i not in inside) and t.inputs[0].op != "Constant"
    ]
    # A body keeps the inputs that it does not read: what its node is given counts on their places.
    graph.cleanup(remove_unused_graph_inputs=True, recurse_subgraphs=False, recurse_functions=False)
    graph.toposort(recurse_functions=False)
    cut: ModelProto = gs.export_onnx(graph, do_type_check=False)
    return _finished(cut, model, facts, {t.name for t in graph.inputs}, [t.name for t in graph.outputs])


def lifted(model: ModelProto, at: int, facts: Facts) -> Iterator[ModelProto]:
    """The subgraphs of the node at a position, each as a model of its own."""
    node = model.graph.node[at]
    for item in node.attribute:
        if item.type != AttributeProto.GRAPH:
            continue
        scope = (f"{item.name} of {node.name or next(iter(node.output), node.op_type)}",)
        made = ModelProto()
        made.graph.CopyFrom(item.g)
        names = {name for inner in made.graph.node for name in inner.output}
        names |= {t.name for t in made.graph.initializer} | {i.name for i in made.graph.input}
        outer = {t.name: t for t in model.graph.initializer}
        given = {info.name for info in made.graph.input}
        for name in _free(made.graph.node, names):
            value = facts.value(name, scope)
            if name in outer:
                made.graph.initializer.append(outer[name])
            elif value is not None and value.constant is not None and value.source in ("constant", "folded"):
                made.graph.initializer.append(numpy_helper.from_array(value.constant, name))
            elif value is not None and value.dtype in CODES:
                made.graph.input.append(typed_as(value, name))
                given.add(name)
            else:
                break
        else:
            outputs = [o.name for o in made.graph.output if o.name in {n for inner in made.graph.node for n in inner.output}]
            finished = _finished(made, model, facts, given, outputs, scope)
            if finished is not None:
                yield finished


def typed_as(value: Value, name: str) -> ValueInfoProto:
    """A declaration that says what is known of a value and nothing more."""
    made = ValueInfoProto(name=name)
    made.type.tensor_type.elem_type = CODES[value.dtype]
    if value.shape is not None:
        made.type.tensor_type.shape.SetInParent()
        for size in value.shape:
            dim = made.type.tensor_type.shape.dim.add()
            if isinstance(size, int):
                dim.dim_value = size
            elif size:
                dim.dim_param = shown(size)
    return made


def _finished(
    cut: ModelProto, model: ModelProto, facts: Facts, given: Collection[str], outputs: Sequence[str], scope: tuple[str, ...] = ()
) -> ModelProto | None:
    """The part with the original's header and annotations, its interface declared, and no initializer twice."""
    if not cut.graph.node or not outputs:
        return None
    made = ModelProto(ir_version=max(model.ir_version, 4), producer_name=model.producer_name, opset_import=model.opset_import)
    made.functions.extend(model.functions)
    made.graph.CopyFrom(cut.graph)
    made.graph.name = model.graph.name or "part"
    inside = {name for node in made.graph.node for name in node.output}
    stated = [info for info in (model.graph if not scope else cut.graph).value_info if info.name in inside]
    del made.graph.value_info[:]
    made.graph.value_info.extend(stated)  # as they are, since a compiler may have believed them
    declared = {info.name: info for info in made.graph.input}
    original = {info.name: info for info in (*model.graph.input, *model.graph.output)} if not scope else {}
    del made.graph.input[:]
    del made.graph.output[:]
    for name in declared:
        if name in given:
            value = facts.value(name, scope)
            usable = value is not None and value.dtype in CODES
            made.graph.input.append(original.get(name) or (typed_as(value, name) if usable and value else declared[name]))
    for name in outputs:
        value = facts.value(name, scope)
        if name in original:
            made.graph.output.append(original[name])
        elif value is not None and value.dtype in CODES:
            made.graph.output.append(typed_as(value, name))
        elif value is not None and value.dtype:
            return None  # a sequence or an optional
        else:
            made.graph.output.append(ValueInfoProto(name=name, type=TypeProto(tensor_type=TypeProto.Tensor())))
    _once(made.graph, {t.name for t in made.graph.initializer} | {i.name for i in made.graph.input})
    return made


def _once(graph: GraphProto, outer: set[str]) -> None:
    """Remove from subgraphs the initializers that an outer graph has as well."""
    for node in graph.node:
        outer = outer | set(node.output)
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                kept = [t for t in item.g.initializer if t.name not in outer]
                del item.g.initializer[:]
                item.g.initializer.extend(kept)
                _once(item.g, outer | {t.name for t in kept} | {i.name for i in item.g.input})


def _read(node: Any, gs: Any) -> Iterator[Any]:
    """The tensors a node reads, those its subgraphs take from outside among them."""
    yield from node.inputs
    for value in node.attrs.values():
        if isinstance(value, gs.Graph):
            own = {id(t) for inner in value.nodes for t in inner.outputs} | {id(t) for t in value.inputs}
            taken = [t for inner in value.nodes for t in _read(inner, gs)] + list(value.outputs)
            yield from (t for t in taken if id(t) not in own)


def _free(nodes: Sequence[NodeProto], own: set[str]) -> list[str]:
    """Names that nodes and their subgraphs read and do not make, in the order of reading."""
    found: dict[str, None] = {}
    for node in nodes:
        found.update({name: None for name in node.input if name and name not in own})
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                inner = own | {n for one in item.g.node for n in one.output} | {t.name for t in item.g.initializer}
                found.update(dict.fromkeys(_free(item.g.node, inner | {i.name for i in item.g.input})))
                made = inner | {i.name for i in item.g.input}
                found.update({o.name: None for o in item.g.output if o.name not in made})
    return list(found)
