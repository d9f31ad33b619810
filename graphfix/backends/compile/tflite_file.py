"""Files of LiteRT: the inputs and outputs they declare, and metadata put into them.

The numbers are those of the fields in LiteRT's schema.fbs. Metadata are added without unpacking the model: offsets in a
flatbuffer point forward only, so a new first table with the new vectors is put before the model's bytes and refers into them.
"""

from __future__ import annotations

from flatbuffers import number_types
from flatbuffers.builder import Builder

from graphfix.backends.compile.flatbuffer import Fields, Kept, Number, finished, put, put_back
from graphfix.errors import ModelError
from graphfix.ir.records import dataclass

IDENTIFIER = b"TFL3"
METADATA_NAME = "TFLITE_METADATA"
"""The name under which the metadata's own flatbuffer is in a model."""
VERSION, OPERATOR_CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, METADATA_BUFFER, METADATA, SIGNATURES = range(8)
"""The fields of a model."""
KEPT_FIELDS = (OPERATOR_CODES, SUBGRAPHS, DESCRIPTION, METADATA_BUFFER, SIGNATURES)
TENSORS, INPUTS, OUTPUTS = range(3)
"""The fields of a graph that are read here."""
SHAPE, DTYPE, NAME, SIGNATURE = 0, 1, 3, 7
"""The fields of a tensor that are read here; the signature has -1 for dynamic dims."""
ENTRY_NAME, ENTRY_BUFFER = range(2)
"""The fields of an entry of a model's metadata."""
BUFFER_DATA, BUFFER_OFFSET = range(2)
"""The fields of a buffer; an offset is the place of its bytes behind the flatbuffer, in files above 2 GB."""
DTYPES = ("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8", "float64")
"""The dtypes of tensors by their numbers."""
INT32 = number_types.Int32Flags


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a file: its name, its dims with -1 for dynamic ones, and its dtype."""

    name: str
    dims: tuple[int, ...]
    dtype: str


def interface_of(data: bytes) -> tuple[list[Tensor], list[Tensor]]:
    """Return the inputs and the outputs of a LiteRT model's main graph."""
    graph = Fields.root(data).tables(SUBGRAPHS)[0]
    tensors = graph.tables(TENSORS)
    inputs, outputs = ([_tensor(tensors[at]) for at in graph.numbers(field, INT32)] for field in (INPUTS, OUTPUTS))
    return inputs, outputs


def _tensor(fields: Fields) -> Tensor:
    code = fields.number(DTYPE, number_types.Int8Flags)
    dims = fields.numbers(SIGNATURE, INT32) or fields.numbers(SHAPE, INT32)
    return Tensor(fields.text(NAME), tuple(dims), DTYPES[code] if code < len(DTYPES) else f"dtype {code}")


def metadata_of(data: bytes) -> bytes | None:
    """Return the flatbuffer of a LiteRT model's metadata; None where it has none."""
    model = Fields.root(data)
    buffers = model.tables(BUFFERS)
    for entry in model.tables(METADATA):
        if entry.text(ENTRY_NAME) == METADATA_NAME:
            return buffers[entry.number(ENTRY_BUFFER, number_types.Uint32Flags)].raw(BUFFER_DATA)
    return None


def with_metadata(data: bytes, metadata: bytes) -> bytes:
    """Return a LiteRT model with the flatbuffer of its metadata, in place of metadata that it may have; ModelError above 2 GB."""
    model = Fields.root(data)
    buffers, entries = model.tables(BUFFERS), model.tables(METADATA)
    if any(buffer.number(BUFFER_OFFSET, number_types.Uint64Flags) for buffer in buffers):
        raise ModelError("a .tflite above 2 GB, to which no metadata can be added", hint="quantize the model first")
    builder = Builder(len(data) + len(metadata) + 8 * len(buffers) + 4096)
    end = put_back(builder, data)
    others = [Kept(end - entry.at) for entry in entries if entry.text(ENTRY_NAME) != METADATA_NAME]
    added = {ENTRY_NAME: METADATA_NAME, ENTRY_BUFFER: Number(number_types.Uint32Flags, len(buffers))}
    fields = {field: Kept(end - model.position(field)) for field in KEPT_FIELDS if model.position(field)}
    root = put(builder, {
        VERSION: Number(number_types.Uint32Flags, model.number(VERSION, number_types.Uint32Flags)),
        BUFFERS: [*(Kept(end - buffer.at) for buffer in buffers), {BUFFER_DATA: metadata}],
        METADATA: [*others, added],
        **fields,
    })  # fmt: skip
    return finished(builder, root, IDENTIFIER)
