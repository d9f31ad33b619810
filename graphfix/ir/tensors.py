"""The tensors of a model: an iterator over all of them, the bytes each needs, and whether its payload is complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Final

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto

MOST_ELEMENTS: Final = 2**63
"""ONNX counts elements in a signed 64-bit integer; no tensor can have this many."""

# Bits of one element in raw_data, and the typed field that may hold it instead.
_BITS: Final = {
    **dict.fromkeys(["FLOAT"], (32, "float_data")),
    **dict.fromkeys(["COMPLEX64"], (64, "float_data")),
    **dict.fromkeys(["INT32"], (32, "int32_data")),
    **dict.fromkeys(["INT16", "UINT16", "FLOAT16", "BFLOAT16"], (16, "int32_data")),
    **dict.fromkeys(["INT8", "UINT8", "BOOL"], (8, "int32_data")),
    **dict.fromkeys(["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0"], (8, "int32_data")),
    **dict.fromkeys(["INT4", "UINT4", "FLOAT4E2M1"], (4, "int32_data")),
    **dict.fromkeys(["INT2", "UINT2"], (2, "int32_data")),
    **dict.fromkeys(["INT64"], (64, "int64_data")),
    **dict.fromkeys(["DOUBLE"], (64, "double_data")),
    **dict.fromkeys(["COMPLEX128"], (128, "double_data")),
    **dict.fromkeys(["UINT32"], (32, "uint64_data")),
    **dict.fromkeys(["UINT64"], (64, "uint64_data")),
    **dict.fromkeys(["STRING"], (0, "string_data")),
}
# The same by enum value; names that the installed onnx does not define are left out.
_FORMATS: Final = {
    TensorProto.DataType.Value(name): format
    for name, format in _BITS.items()
    if name in TensorProto.DataType.keys()  # noqa: SIM118 (an enum wrapper, not a dict)
}
_KNOWN: Final = frozenset(TensorProto.DataType.values()) - {TensorProto.UNDEFINED}
_TYPED_FIELDS: Final = tuple(sorted({field for _, field in _BITS.values()}))


def nbytes(tensor: TensorProto) -> int | None:
    """Return the bytes of raw_data that the dims and the data type require; None for strings and unknown types."""
    bits = _FORMATS.get(tensor.data_type, (0, ""))[0]
    return (prod(tensor.dims) * bits + 7) // 8 if bits else None


def is_external(tensor: TensorProto) -> bool:
    """Whether the payload is outside the model (or was left out of a skeleton)."""
    return tensor.data_location == TensorProto.EXTERNAL


def is_elided(tensor: TensorProto) -> bool:
    """Whether the payload was in the model file and was left out when the skeleton was read."""
    return is_external(tensor) and any(e.key == "location" and not e.value for e in tensor.external_data)


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Iterate over every TensorProto in the model: initializers and attributes, at any depth, functions included."""
    yield from graph_tensors(model.graph)
    for function in model.functions:
        yield from _in_nodes(function.node)
        yield from _in_attributes(function.attribute_proto)
    for training in model.training_info:
        yield from graph_tensors(training.initialization)
        yield from graph_tensors(training.algorithm)


def graph_tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Iterate over every TensorProto in a graph and its subgraphs."""
    yield from graph.initializer
    yield from _in_sparse(graph.sparse_initializer)
    yield from _in_nodes(graph.node)


def _in_nodes(nodes: Iterable[NodeProto]) -> Iterator[TensorProto]:
    for node in nodes:
        if node.attribute:
            yield from _in_attributes(node.attribute)


def _in_attributes(attributes: Iterable[AttributeProto]) -> Iterator[TensorProto]:
    plain = PLAIN_ATTRIBUTES
    for attribute in attributes:
        if attribute.type in plain:
            continue
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("sparse_tensor"):
            yield from _in_sparse([attribute.sparse_tensor])
        yield from _in_sparse(attribute.sparse_tensors)
        if attribute.HasField("g"):
            yield from graph_tensors(attribute.g)
        for graph in attribute.graphs:
            yield from graph_tensors(graph)


def _in_sparse(sparse: Iterable[SparseTensorProto]) -> Iterator[TensorProto]:
    for tensor in sparse:
        yield tensor.values
        yield tensor.indices


PLAIN_ATTRIBUTES: Final = frozenset(
    {
        AttributeProto.FLOAT,
        AttributeProto.INT,
        AttributeProto.STRING,
        AttributeProto.FLOATS,
        AttributeProto.INTS,
        AttributeProto.STRINGS,
    }
)
"""Attribute types without tensors and graphs. UNDEFINED is not among them: early exporters wrote it for any type."""


def absurd_dims(dims: Iterable[int]) -> str | None:
    """Return what is wrong with the dims of a tensor with data, or None."""
    count = 1
    for dim in dims:
        if dim < 0:
            return f"has a dimension of {dim}"
        count *= dim
        if count >= MOST_ELEMENTS:
            return "has 2**63 elements or more"
    return None


def fault(tensor: TensorProto) -> str | None:
    """Return what is wrong with a tensor by itself (dims, type, size of the payload), to follow its name; or None."""
    dims = list(tensor.dims)
    if problem := absurd_dims(dims):
        return problem
    kind = tensor.data_type
    if kind not in _KNOWN:
        return f"has data type {kind}, which the installed onnx does not know"
    if kind not in _FORMATS:
        return None
    bits, field = _FORMATS[kind]
    count = prod(dims)
    need = (count * bits + 7) // 8
    if is_external(tensor):
        have = next((e.value for e in tensor.external_data if e.key == "length"), None)
        differs = bits and have is not None and have != str(need)
        return f"needs {need} bytes for {_described(tensor)} but has {have}" if differs else None
    if tensor.HasField("raw_data"):
        if not bits:
            return "keeps strings in raw_data"
        have_raw = len(tensor.raw_data)
        return f"needs {need} bytes for {_described(tensor)} but has {have_raw}" if have_raw != need else None
    entries = len(getattr(tensor, field))
    expected = count * 2 if kind in (TensorProto.COMPLEX64, TensorProto.COMPLEX128) else count
    if 0 < bits < 8:
        expected = need
    if entries == expected:
        return None
    if not entries and not any(len(getattr(tensor, other)) for other in _TYPED_FIELDS):
        return f"has no payload for {_described(tensor)}"
    return f"needs {expected} entries of {field} for {_described(tensor)} but has {entries}"


def _described(tensor: TensorProto) -> str:
    name = TensorProto.DataType.Name(tensor.data_type).lower()
    return f"{name}[{','.join(map(str, tensor.dims))}]"
