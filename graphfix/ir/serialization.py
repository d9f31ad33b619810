"""A model as the bytes of one protobuf, weight by weight: written so, it is never in memory a second time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import GraphProto, ModelProto

from graphfix.ir.skeleton import MOST_BYTES
from graphfix.ir.wire_format import varint

GRAPH, INITIALIZER = b"\x3a", b"\x2a"
"""The tags of ModelProto.graph and of GraphProto.initializer."""


def pieces(model: ModelProto) -> Iterator[bytes]:
    """The serialized model in pieces, none longer than a weight or all that is no weight; the weights come last.

    ValueError where it would be longer than protobuf allows.
    """
    outside, inside = ModelProto(), GraphProto()
    for source, target, left in ((model, outside, "graph"), (model.graph, inside, "initializer")):
        for field, content in source.ListFields():
            if field.name == left:
                continue
            if isinstance(content, int | str):
                setattr(target, field.name, content)
            else:
                getattr(target, field.name).extend(content)
    rest = inside.SerializeToString()
    sizes = [tensor.ByteSize() for tensor in model.graph.initializer]
    length = len(rest) + sum(len(INITIALIZER) + len(varint(size)) + size for size in sizes)
    if length > MOST_BYTES:
        raise ValueError(f"{length} bytes are more than protobuf allows")
    return _written(outside.SerializeToString() + GRAPH + varint(length) + rest, model, sizes)


def _written(head: bytes, model: ModelProto, sizes: Sequence[int]) -> Iterator[bytes]:
    yield head
    for tensor, size in zip(model.graph.initializer, sizes, strict=True):
        yield INITIALIZER + varint(size)
        yield tensor.SerializeToString()
