"""onnx's shape inference of a single node from the known facts of its operands; subgraphs are replaced by their output types.

Inferring the whole model again for each size found by folding would take as many passes as there are such sizes in sequence.
A model of one node has the same cost wherever the node is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TypeProto, ValueInfoProto, shape_inference

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.symbolic_shapes import MOST, sizes_of
from graphfix.analysis.values import Shape, Sizes, Value, is_unclear, typed
from graphfix.ir.dtypes import CODES
from graphfix.ir.proto_values import tensor_of
from graphfix.ir.records import dataclass

HANDED = {"int64", "int32", "float32", "float64", "bool"}
"""The dtypes of the constants that are passed to inference."""
PREFIX = "unk__"
"""The prefixes of the names of dims that could not be inferred."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand as passed to inference: its type, its value where that is known, and its elements as sizes."""

    type: TypeProto
    dims: Shape = ()
    constant: Array | None = None
    sizes: Sizes | None = None
    """The elements of a vector of sizes, None for an unknown one."""

    @classmethod
    def of(cls, value: Value, parts: Sizes | None = None, *, handed: bool = True) -> Operand:
        """Make the operand of a tensor; `parts` are its elements without a value, `handed` passes its value as a constant."""
        kind = TypeProto()
        kind.tensor_type.elem_type = CODES.get(value.dtype, 0)
        if value.shape is not None:
            kind.tensor_type.shape.SetInParent()
            for dim in value.shape:
                added = kind.tensor_type.shape.dim.add()
                if isinstance(dim, int):
                    added.dim_value = dim
                elif dim is not None:
                    added.dim_param = dim
        array = value.constant if handed and value.constant is not None and value.constant.ndim <= 1 else None
        array = array if value.dtype in HANDED else None
        vector = value.dtype == "int64" and value.rank == 1
        return cls(kind, value.shape or (), array, (sizes_of(value) or parts) if vector else None)


@dataclass(frozen=True, slots=True)
class Inferred:
    """The inference result of a node: the types of its outputs, and of the inputs of its subgraphs by attribute."""

    outputs: Mapping[str, ValueInfoProto]
    bodies: Mapping[str, Sequence[ValueInfoProto]]
    failed: bool = False
    """Whether the operands contradict the node, or onnx does not define its operator."""


@dataclass(slots=True)
class NodeInference:
    """Shape inference of single nodes of a model; `model` provides the opsets and the functions that nodes call."""

    model: ModelProto
    functions: dict[tuple[str, str], onnx.FunctionProto] = field(init=False)
    runs: int = 0
    """The number of nodes inferred."""

    def __post_init__(self) -> None:
        self.functions = {(function.domain, function.name): function for function in self.model.functions}

    def infer(
        self, node: NodeProto, operands: Sequence[Operand | None], given: Mapping[str, Sequence[Operand | None]] | None = None
    ) -> Inferred:
        """Infer a node from its operands; `given` are the outputs of its subgraphs by attribute."""
        self.runs += 1
        alone = ModelProto(ir_version=self.model.ir_version)
        alone.opset_import.extend(self.model.opset_import)
        if (node.domain, node.op_type) in self.functions:
            alone.functions.append(self.functions[node.domain, node.op_type])
        graph = alone.graph
        graph.name = "node"
        partial = _declare(graph, dict(zip(node.input[:], operands, strict=True)))
        _put(graph, node, given or {})
        for name in node.output[:]:
            if name:
                graph.output.add(name=name)
        try:
            told = shape_inference.infer_shapes(alone, strict_mode=True, data_prop=partial).graph
        except Exception:  # onnx raises several types; each means that nothing more is known of this node
            return Inferred({}, {}, failed=True)
        bodies = {item.name: item.g.input[:] for item in told.node[-1].attribute[:] if item.type == AttributeProto.GRAPH}
        return Inferred({info.name: info for info in told.output}, bodies)


def _declare(graph: GraphProto, operands: Mapping[str, Operand | None]) -> bool:
    """Declare operands as inputs and constants of a graph; return whether some are vectors of sizes known in part."""
    partial = False
    for name, operand in operands.items():
        if not name or operand is None:
            continue
        if operand.constant is not None:
            array = np.ascontiguousarray(operand.constant).reshape(operand.constant.shape)
            graph.initializer.append(tensor_of(array, name))
        elif operand.sizes:
            partial = True  # the Shape of a tensor of those dims: inference propagates it, but not a vector
            info = Operand.of(Value(f"{name}__sized", "float32", operand.sizes))
            graph.input.add(name=f"{name}__sized").type.CopyFrom(info.type)
            graph.node.add(op_type="Shape", input=[f"{name}__sized"], output=[name])
        else:
            graph.input.add(name=name).type.CopyFrom(operand.type)
    return partial


def _put(graph: GraphProto, node: NodeProto, given: Mapping[str, Sequence[Operand | None]]) -> None:
    """Add the node to a graph, each subgraph replaced by one whose outputs have the given types."""
    if not given:
        graph.node.append(node)
        return
    copy = graph.node.add(op_type=node.op_type, name=node.name, domain=node.domain)
    copy.input.extend(node.input)
    copy.output.extend(node.output)
    for item in node.attribute[:]:
        if item.type != AttributeProto.GRAPH:
            copy.attribute.append(item)
            continue
        body = GraphProto(name=item.g.name or "body")
        body.input.extend(item.g.input)
        for at, operand in enumerate(given.get(item.name, ())):
            source, name = f"{item.name}__{at}", f"{item.name}__{at}__out"
            body.output.add(name=name)
            if operand is not None:
                graph.input.add(name=source).type.CopyFrom(operand.type)
                body.node.append(NodeProto(op_type="Identity", input=[source], output=[name]))
        copy.attribute.append(AttributeProto(name=item.name, type=AttributeProto.GRAPH, g=body))


def joined_parts(values: Sequence[Value | None]) -> Sizes | None:
    """Return the concatenated elements of vectors of sizes, None for those of an unknown vector."""
    found: list[int | str | None] = []
    for value in values:
        length = value.shape[0] if value is not None and value.dtype == "int64" and value.rank == 1 and value.shape else None
        if not isinstance(length, int) or len(found) + length > MOST:
            return None
        found.extend(sizes_of(value) or (None,) * length)
    return tuple(found)


def inferred_value(info: ValueInfoProto, known: set[str]) -> Value:
    """Return the value inferred, without the dim names that onnx generated, since other nodes may have the same ones."""
    value = typed(info)
    if value.shape is None:
        return value
    dims = tuple(dim if not is_unclear(dim) or dim in known else None for dim in value.shape)
    return Value(value.name, value.dtype, dims)


def merged(old: Shape | None, new: Shape | None) -> Shape | None:
    """Return the more precise of two shapes of one value, dim by dim; the new dim where both are equally precise."""
    if new is None or old is None or len(old) != len(new):
        return old if new is None else new
    return tuple([_better(one, other) for one, other in zip(old, new, strict=True)])


def _better(old: int | str | None, new: int | str | None) -> int | str | None:
    if isinstance(new, int) or (not is_unclear(new) and not isinstance(old, int)):
        return new
    return old if not is_unclear(old) or new is None else new
