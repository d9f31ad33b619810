"""A model in float16 or bfloat16, all of it or all but some nodes, which are computed in float32 between Casts.

A value has the dtype of the node that makes it; where a consumer needs the other one, one Cast serves all such consumers.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.errors import UsageError
from graphfix.ir.schemas import since
from graphfix.precision.float_values import float_values

CODES = {"float16": TensorProto.FLOAT16, "bfloat16": TensorProto.BFLOAT16}
HELD = {"Resize": (1, 2), "Upsample": (1,)}
"""Inputs that stay float32 in every precision: scales and regions."""
LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38}
"""The largest finite number of each dtype."""


@functools.cache
def narrow_slots(op: str, domain: str, version: int, dtype: str) -> tuple[frozenset[int], bool] | None:
    """Return the inputs of an operator that may be `dtype`, and whether the last is variadic.

    None where the operator is unknown or cannot compute in `dtype`: no input that takes float32 takes it.
    """
    try:
        schema = onnx.defs.get_schema(op, version, domain)
    except onnx.defs.SchemaError:
        return None
    slots = frozenset(at for at, one in enumerate(schema.inputs) if {f"tensor({dtype})", "tensor(float)"} <= one.types)
    variadic = bool(schema.inputs) and schema.inputs[-1].option == onnx.defs.OpSchema.FormalParameterOption.Variadic
    made = [one.types for one in schema.outputs if "tensor(float)" in one.types]
    outputs = any(f"tensor({dtype})" in types for types in made)
    takes_float = any("tensor(float)" in one.types for one in schema.inputs)
    return (slots, variadic) if (outputs or not made) and (slots or not takes_float) else None


def narrowed(values: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """Return float32 values as the bits of `dtype`, uint16, rounded to even; finite values outside are clamped to its range."""
    limit = LARGEST[dtype]
    wide = np.asarray(values, np.float32)
    wide = np.where(np.isfinite(wide), np.clip(wide, -limit, limit), wide).astype(np.float32)
    if dtype == "float16":
        return wide.astype(np.float16).view(np.uint16)
    bits = wide.view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(wide), 0x7FC0, rounded).astype(np.uint16)


def narrow_tensor(tensor: TensorProto, dtype: str, name: str) -> TensorProto:
    """Return a float32 tensor in `dtype`, under another name."""
    bits = narrowed(numpy_helper.to_array(tensor), dtype)
    return TensorProto(name=name, data_type=CODES[dtype], dims=tensor.dims, raw_data=np.ascontiguousarray(bits).tobytes())


@dataclass(slots=True)
class _Conversion:
    """The new nodes and initializers of a graph that is being converted."""

    dtype: str
    floats: frozenset[str]
    initializers: dict[str, TensorProto]
    kept: bool = False
    native: dict[str, bool] = field(default_factory=dict)
    """Whether the value of a name is narrow, for all float values but initializers."""
    made: dict[tuple[str, bool], str] = field(default_factory=dict)
    nodes: list[NodeProto] = field(default_factory=list)
    tensors: list[TensorProto] = field(default_factory=list)

    def value(self, name: str, narrow: bool) -> str:
        """Return the name of a float value in one of the two dtypes, casting or narrowing it at its first use."""
        constant = name in self.initializers and name not in self.native
        if name not in self.floats or (not constant and self.native.get(name, False) == narrow) or (constant and not narrow):
            return name
        key = name, narrow
        if key not in self.made:
            made = self.made[key] = f"{name}_{self.dtype if narrow else 'float32'}"
            if constant:
                self.tensors.append(narrow_tensor(self.initializers[name], self.dtype, made))
            else:
                code = CODES[self.dtype] if narrow else TensorProto.FLOAT
                self.nodes.append(helper.make_node("Cast", [name], [made], name=f"{made}_cast", to=code))
        return self.made[key]


def convert(
    model: ModelProto, dtype: str, *, keep: Collection[str] = (), interface: str = "float32"
) -> tuple[ModelProto, list[str]]:
    """Return the model in `dtype` and the first outputs of the nodes that stay in float32 without being in `keep`.

    `keep` holds first outputs of nodes. Nodes with subgraphs, of other domains, and those whose operator has no `dtype`
    at the model's opset stay in float32. `interface` is the dtype of float inputs and outputs. Model functions must be
    inlined before.
    """
    if dtype not in CODES:
        raise UsageError(f"`{dtype}` is no narrow float", hint=f"one of {', '.join(CODES)}")
    made = ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    versions = {entry.domain: entry.version for entry in made.opset_import}
    work = _Conversion(dtype, float_values(made), {tensor.name: tensor for tensor in graph.initializer})
    borders = interface == dtype
    for info in graph.input:
        if info.name in work.floats and info.name not in work.initializers:
            work.native[info.name] = borders
            if borders:
                info.type.tensor_type.elem_type = CODES[dtype]
    wide: list[str] = []
    for node in model.graph.node:
        narrow = _narrow(node, versions, dtype, keep, work.floats)
        if narrow is None:
            wide.append(next(filter(None, node.output), ""))
        _add(node, work, narrow is not None and narrow, versions)
    _finish(graph, work, borders)
    used = {name for node in work.nodes for name in _read(node)} | {info.name for info in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    inputs = [info for info in graph.input if info.name not in work.initializers or info.name in used]
    for container, items in ((graph.initializer, [*kept, *work.tensors]), (graph.node, work.nodes), (graph.input, inputs)):
        del container[:]
        container.extend(items)
    del graph.value_info[:]
    return made, wide


def _narrow(node: NodeProto, versions: dict[str, int], dtype: str, keep: Collection[str], floats: frozenset[str]) -> bool | None:
    """Whether a node is computed in `dtype`; None where it cannot be, though it has float outputs or inputs."""
    if not any(name in floats for name in (*node.input, *node.output)):
        return False
    if any(name in keep for name in node.output):
        return False
    if any(each.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for each in node.attribute):
        return None
    domain = "" if node.domain == "ai.onnx" else node.domain
    version = since(node.op_type, domain, versions.get(domain, 1))
    if domain or not version or node.op_type in ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"):
        return None
    return True if narrow_slots(node.op_type, domain, version, dtype) is not None else None


def _add(node: NodeProto, work: _Conversion, narrow: bool, versions: dict[str, int]) -> None:
    """Add a node with its inputs in the dtypes it needs."""
    copy = NodeProto()
    copy.CopyFrom(node)
    allowed: frozenset[int] = frozenset()
    variadic = False
    if narrow:
        version = since(node.op_type, "", versions.get("", 1))
        slots = narrow_slots(node.op_type, "", version, work.dtype)
        assert slots is not None
        allowed, variadic = slots
    last = max(allowed, default=0)
    for at, name in enumerate(node.input):
        if name in work.floats:
            takes = narrow and (at in allowed or (variadic and at > last)) and at not in HELD.get(node.op_type, ())
            copy.input[at] = work.value(name, takes)
    for attribute in copy.attribute:  # outer values read in bodies stay float32
        for body in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
            _rename_reads(body, work)
    if narrow:
        _narrow_attributes(copy, work.dtype)
    for name in node.output:
        if name in work.floats:
            work.native[name] = narrow
    work.nodes.append(copy)


def _narrow_attributes(node: NodeProto, dtype: str) -> None:
    """Give the attributes that name or hold a float32 dtype the narrow one."""
    for attribute in node.attribute:
        if attribute.name in ("to", "dtype") and attribute.i == TensorProto.FLOAT:
            attribute.i = CODES[dtype]
        elif attribute.type == AttributeProto.TENSOR and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(narrow_tensor(attribute.t, dtype, attribute.t.name))
        elif attribute.name in ("value_float", "value_floats"):
            values = np.asarray(attribute.f if attribute.name == "value_float" else attribute.floats, np.float32)
            tensor = narrow_tensor(numpy_helper.from_array(values), dtype, "")
            attribute.CopyFrom(helper.make_attribute("value", tensor))


def _rename_reads(body: onnx.GraphProto, work: _Conversion) -> None:
    """Let the nodes of a body read outer float values in float32."""
    local = {name for node in body.node for name in node.output} | {one.name for one in (*body.input, *body.initializer)}
    for node in body.node:
        for at, name in enumerate(node.input):
            if name and name not in local:
                node.input[at] = work.value(name, False)
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
                _rename_reads(inner, work)


def _finish(graph: onnx.GraphProto, work: _Conversion, narrow: bool) -> None:
    """Give every float output the dtype of the interface, under its own name."""
    for info in graph.output:
        if info.name not in work.floats:
            continue
        if narrow:
            info.type.tensor_type.elem_type = CODES[work.dtype]
        native = work.native.get(info.name, False)
        if native == narrow:
            continue
        inner = f"{info.name}_{work.dtype if native else 'float32'}"
        for node in work.nodes:
            for names in (node.input, node.output):
                for at, name in enumerate(names):
                    if name == info.name:
                        names[at] = inner
        code = CODES[work.dtype] if narrow else TensorProto.FLOAT
        work.nodes.append(helper.make_node("Cast", [inner], [info.name], name=f"{info.name}_cast", to=code))


def _read(node: NodeProto) -> Iterable[str]:
    """The names that a node and its bodies read."""
    yield from node.input
    for attribute in node.attribute:
        for body in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
            yield from (output.name for output in body.output)
            for inner in body.node:
                yield from _read(inner)
