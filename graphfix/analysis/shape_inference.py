"""onnx's shape inference, run on a copy without large tensor data and without annotations that may be stale."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, helper, shape_inference

from graphfix.analysis.constant_folding import LIMIT, Array
from graphfix.analysis.contrib_shapes import with_shape_functions
from graphfix.analysis.dim_names import quoted
from graphfix.analysis.long_vectors import is_long_vector, may_hold_long_vectors
from graphfix.analysis.loop_invariants import read_outside
from graphfix.ir.dtypes import CODES
from graphfix.ir.proto_values import tensor_of
from graphfix.ir.traversal import Place, branch_scope, graphs


def without_payloads(model: ModelProto) -> ModelProto:
    """Return a copy without large tensor data and without shape annotations that may be stale."""
    thin = ModelProto()
    thin.ir_version = model.ir_version
    thin.opset_import.extend(model.opset_import)
    thin.functions.extend(model.functions)
    source, graph = model.graph, thin.graph
    graph.name = source.name or "graph"
    nested = False
    plain: list[NodeProto] = []
    for node in source.node:
        attributes = node.attribute[:]
        kinds = [item.type for item in attributes]
        nested |= AttributeProto.GRAPH in kinds
        if AttributeProto.TENSOR not in kinds:
            plain.append(node)
        elif any(item.type == AttributeProto.TENSOR and item.t.ByteSize() > 4 * LIMIT for item in attributes):
            graph.node.extend(plain)
            plain.clear()
            copy = graph.node.add(op_type=node.op_type, name=node.name, domain=node.domain)
            copy.input.extend(node.input)
            copy.output.extend(node.output)
            copy.metadata_props.extend(node.metadata_props)
            copy.doc_string = node.doc_string
            for item in attributes:
                if item.type == AttributeProto.TENSOR and item.t.ByteSize() > 4 * LIMIT:
                    copy.attribute.add(name=item.name, type=item.type, t=elided(item.t))
                else:
                    copy.attribute.append(item)
        else:
            plain.append(node)
    graph.node.extend(plain)
    for tensor in source.initializer:
        graph.initializer.append(elided(tensor) if tensor.ByteSize() > 4 * LIMIT else tensor)
    graph.sparse_initializer.extend(source.sparse_initializer)
    graph.input.extend(source.input)
    graph.output.extend(source.output)
    return unannotated(thin, nested=nested)


def elided(tensor: TensorProto) -> TensorProto:
    """Return the tensor without its data, marked as external data."""
    return TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, data_location=TensorProto.EXTERNAL)


def unannotated(model: ModelProto, *, nested: bool = True) -> ModelProto:
    """Remove value_info, output shapes and negative dims from a model in place, and return it.

    `nested` is False where it is known that the model has no subgraphs.
    """
    for graph in graphs(model.graph) if nested else [model.graph]:
        del graph.value_info[:]
        for output in graph.output:
            if output.type.HasField("tensor_type"):
                output.type.tensor_type.ClearField("shape")
    for info in model.graph.input:
        for dim in info.type.tensor_type.shape.dim:
            if dim.HasField("dim_value") and dim.dim_value < 0:
                dim.ClearField("dim_value")
    return model


def infer(model: ModelProto) -> tuple[ModelProto, str | None]:
    """Return a copy with named dims that is annotated by shape inference, and the error that stopped it or None."""
    written, long = _prepared(model)
    try:
        if long:
            plain = _infer_written(written)
            if any(is_long_vector(info) for graph in graphs(plain.graph) for info in (*graph.value_info, *graph.output)):
                return plain, None
        return _infer_written(written, data_prop=True), None
    except Exception as error:  # onnx raises several types; each means that these facts stay unknown
        return ModelProto.FromString(written), str(error).strip().splitlines()[0]
    finally:
        if len(written) > MANY_BYTES:
            return_free_memory()


def types_found(graph: GraphProto) -> dict[str, bytes]:
    """Return the types that inference states in a graph, as protobuf writes them, by name; equal ones are one object."""
    found: dict[str, bytes] = {}
    held: dict[bytes, bytes] = {}
    for infos in (graph.value_info, graph.output):
        for info in infos:
            written = info.type.SerializeToString()
            found[info.name] = held.setdefault(written, written)
    return found


def without_types(model: ModelProto) -> ModelProto:
    """Return a model without the types of the values of its main graph, a copy where they take much memory."""
    source = model.graph
    if len(source.value_info) < MANY_VALUES:
        return model
    slim = ModelProto(ir_version=model.ir_version, opset_import=model.opset_import, functions=model.functions)
    slim.graph.name = source.name
    for field in ("node", "initializer", "sparse_initializer", "input", "output"):
        getattr(slim.graph, field).extend(getattr(source, field))
    return slim


def _prepared(model: ModelProto) -> tuple[bytes, bool]:
    """Return what inference is given, and whether it may hold vectors too long for data propagation.

    It is returned as bytes, so that no copy of a large model is in memory while onnx holds one of its own.
    """
    named, every = with_named_dims(model)
    named = with_shape_functions(named, every)
    if len(every) > 1:
        _lend(named.graph, {})
    return named.SerializeToString(), may_hold_long_vectors(named, every)


def _infer_written(model: bytes, *, data_prop: bool = False) -> ModelProto:
    found: ModelProto = shape_inference.infer_shapes(model, data_prop=data_prop)
    return found


MANY_BYTES = 1 << 20
"""The size of a model without large tensors from which memory is worth returning."""
MANY_VALUES = 10_000
"""The values of a graph from which their types are worth removing."""


def return_free_memory() -> None:
    """Let the C library return the memory to the system that onnx has used and freed, where the library can."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def with_named_dims(model: ModelProto) -> tuple[ModelProto, list[GraphProto]]:
    """Return a copy in which every dynamic dim of an input has a name that no other dim has, and all graphs of the copy.

    onnx names dims that it cannot infer `unk__0`, and exporters use the same names; products of dims are written as `2*N`, and
    authors use such names too. Stack traces, of which exporters store a kilobyte in every node, are removed, since inference
    would copy them each time. An STFT says whether it is one-sided: onnx's inference takes another default than the operator.
    """
    copy = ModelProto()
    copy.CopyFrom(model)
    every = list(graphs(copy.graph))
    if len(every) > 1:
        read_outside(copy.graph)
    for graph in every:
        for node in graph.node:
            if node.metadata_props:
                node.ClearField("metadata_props")
            if node.doc_string:
                node.ClearField("doc_string")
            if node.op_type == "STFT" and all(item.name != "onesided" for item in node.attribute):
                node.attribute.append(AttributeProto(name="onesided", type=AttributeProto.INT, i=1))
        for info in (*graph.input, *graph.value_info):
            _name_dims(info.type)
    for info in copy.graph.input:
        for position, dim in enumerate(info.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value") and not dim.dim_param:
                dim.dim_param = f"{quoted(info.name)}.{position}"
    return copy, every


def _name_dims(kind: TypeProto) -> None:
    """Write the names of dims in a type as shapes do, in place."""
    which = kind.WhichOneof("value")
    if which in ("sequence_type", "optional_type", "map_type"):
        inner = getattr(kind, which)
        _name_dims(inner.value_type if which == "map_type" else inner.elem_type)
    elif which is not None and which != "opaque_type":
        for dim in getattr(kind, which).shape.dim:
            if dim.dim_param:
                dim.dim_param = quoted(dim.dim_param)


def _lend(graph: GraphProto, outer: Mapping[str, TensorProto]) -> None:
    """Copy small integer constants of outer scopes into the subgraphs that read them, in place.

    onnx infers a subgraph without the values of outer constants, and so loses the output rank of every Unsqueeze in it.
    """
    own = {tensor.name: tensor for tensor in graph.initializer if _is_small_integer(tensor)}
    read: set[str] = set()
    bodies: list[GraphProto] = []
    for node in graph.node:
        if node.op_type == "Constant":
            if node.attribute and _is_small_integer(node.attribute[0].t):
                own[node.output[0]] = node.attribute[0].t
            continue
        if outer:
            read.update([name for name in node.input[:] if name in outer])
        bodies.extend([item.g for item in node.attribute[:] if item.type == AttributeProto.GRAPH])
    if read:
        read -= {item.name for item in (*graph.input, *graph.initializer)}
        read -= {name for node in graph.node for name in node.output}
    for name in sorted(read):
        tensor = graph.initializer.add()
        tensor.CopyFrom(outer[name])
        tensor.name = name
    seen = {**outer, **own} if bodies else {}
    for body in bodies:
        _lend(body, seen)


def _is_small_integer(tensor: TensorProto) -> bool:
    return tensor.data_type in (TensorProto.INT64, TensorProto.INT32) and math.prod(tensor.dims) <= 64


def pinned(model: ModelProto, pins: Mapping[Place, tuple[str, tuple[int | str | None, ...]]]) -> ModelProto:
    """State the shapes of some values in a model in place, which inference then keeps, and return the model."""
    _pin(model.graph, (), pins)
    return model


def _pin(graph: GraphProto, scope: tuple[str, ...], pins: Mapping[Place, tuple[str, tuple[int | str | None, ...]]]) -> None:
    outputs = {info.name: info for info in graph.output}
    for node in graph.node:
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                _pin(item.g, branch_scope(scope, node, item.name), pins)
        for name in node.output:
            if (scope, name) in pins:
                dtype, shape = pins[scope, name]
                info = helper.make_tensor_value_info(name, CODES.get(dtype, TensorProto.FLOAT), list(shape))
                if name in outputs:
                    outputs[name].CopyFrom(info)
                else:
                    graph.value_info.append(info)


def replace(graph: GraphProto, scope: tuple[str, ...], wanted: Mapping[Place, Array]) -> None:
    """Replace the producers of the wanted values by Constant nodes, except producers with subgraphs, which are still inferred."""
    for node in graph.node:
        bodies = [item for item in node.attribute[:] if item.type == AttributeProto.GRAPH]
        for item in bodies:
            replace(item.g, branch_scope(scope, node, item.name), wanted)
        if not bodies and len(node.output) == 1 and (scope, node.output[0]) in wanted:
            value = tensor_of(np.ascontiguousarray(wanted[scope, node.output[0]]))
            node.op_type, node.domain = "Constant", ""
            del node.input[:]
            del node.attribute[:]
            node.attribute.append(AttributeProto(name="value", type=AttributeProto.TENSOR, t=value))
