"""Serialize a model to protobuf weight by weight, so that the bytes of the whole model are never in memory at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import GraphProto, ModelProto

from graphfix.ir.skeleton import MOST_BYTES
from graphfix.ir.wire_format import varint

GRAPH, INITIALIZER = b"\x3a", b"\x2a"
"""The tags of ModelProto.graph and of GraphProto.initializer."""


def serialized_chunks(model: ModelProto) -> Iterator[bytes]:
    """Return the serialized model in pieces: first everything except the initializers, then one by one these.

    Raises:
        ValueError: the model would be longer than protobuf allows.
    """
    outside, inside = ModelProto(), GraphProto()
    for source, target, omitted in ((model, outside, "graph"), (model.graph, inside, "initializer")):
        for field, content in source.ListFields():
            if field.name == omitted:
                continue
            if isinstance(content, int | str):
                setattr(target, field.name, content)
            else:
                getattr(target, field.name).extend(content)
    graph = inside.SerializeToString()
    sizes = [tensor.ByteSize() for tensor in model.graph.initializer]
    length = len(graph) + sum(len(INITIALIZER) + len(varint(size)) + size for size in sizes)
    if length > MOST_BYTES:
        raise ValueError(f"{length} bytes are more than protobuf allows")
    return _chunks(outside.SerializeToString() + GRAPH + varint(length) + graph, model, sizes)


def _chunks(head: bytes, model: ModelProto, sizes: Sequence[int]) -> Iterator[bytes]:
    yield head
    for tensor, size in zip(model.graph.initializer, sizes, strict=True):
        yield INITIALIZER + varint(size)
        yield tensor.SerializeToString()
