"""A copy of an ONNX file in protobuf's wire format, without the payloads of its large tensors.

A message is a sequence of (tag, value) fields, and a length-delimited value is preceded by its length. So a walk
reads tags and lengths, skips every payload, and copies the rest. The file is read through one small moving window:
a payload that is skipped is never read, and (unlike with a memory map) does not count as resident memory, and the
process gets no bus error when another one truncates the file.
"""

from __future__ import annotations

from functools import lru_cache
from io import RawIOBase
from typing import Final

PAYLOAD_LIMIT: Final = 4096
"""Bytes of payload that a tensor may have and still be copied whole."""

_WINDOW: Final = 1 << 15
_DEEPEST: Final = 99  # protobuf's own parser fails at 100 nested messages
_MOST_FIELDS: Final = 10_000_000  # a million nodes have fewer; more are an attempt to exhaust the parser
_MODEL, _TENSOR = "ModelProto", "TensorProto"

# The only fields below which a tensor can sit: message -> field number -> message.
_CHILDREN: Final[dict[str, dict[int, str]]] = {
    _MODEL: {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "GraphProto": {1: "NodeProto", 5: _TENSOR, 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: _TENSOR,
        6: "GraphProto",
        10: _TENSOR,
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: _TENSOR, 2: _TENSOR},
}
# The fields that a valid ModelProto may have: field number -> wire type.
_MODEL_FIELDS: Final = {1: 0, 5: 0} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), 2)

_PAYLOADS: Final = frozenset({4, 5, 6, 7, 9, 10, 11})  # float, int32, string, int64, raw, double, uint64
_FIXED_WIDTH: Final = frozenset({4, 9, 10})  # packed payloads that take as many bytes here as in raw_data
_LOCATION: Final = frozenset({13, 14})  # external_data, data_location
_EXTERNAL: Final = b"\x70\x01"  # data_location = EXTERNAL


class WireError(Exception):
    """Bytes that are not protobuf, or not an ONNX model; `truncated` when the file merely ends too early."""

    def __init__(self, problem: str, *, truncated: bool = False) -> None:
        super().__init__(problem)
        self.truncated = truncated


def varint(value: int) -> bytes:
    """Encode a non-negative integer as a protobuf varint: seven bits per byte, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@lru_cache(maxsize=1024)
def elided_mark(length: int | None) -> bytes:
    """Return the fields that replace a payload: external data at an empty location, with the length if known."""
    entries = [(b"location", b"")] + ([(b"length", str(length).encode())] if length is not None else [])
    out = _EXTERNAL
    for key, value in entries:
        entry = b"\x0a" + varint(len(key)) + key + b"\x12" + varint(len(value)) + value
        out += b"\x6a" + varint(len(entry)) + entry
    return out


class WireCopy:
    """One pass over a serialized ModelProto in an open, unbuffered file of `size` bytes, `window` of which are read at once."""

    def __init__(self, file: RawIOBase, size: int, window: int = _WINDOW) -> None:
        self.size = size
        self.elided = 0
        self._file = file
        self._window = b""
        self._wide = window
        self._base = 0
        self._fields = 0
        self._out: list[bytes] = []

    def copy(self) -> bytes:
        """Return the serialized model without large payloads.

        Raises:
            WireError: the bytes are not an ONNX model.
        """
        self._message(_MODEL, 0, self.size, 1)
        return b"".join(self._out)

    def _message(self, kind: str, start: int, end: int, depth: int) -> int:
        """Append the message between two offsets to the output; return the number of bytes appended."""
        if depth > _DEEPEST:
            raise WireError(f"nests messages more than {_DEEPEST} deep")
        if kind == _TENSOR:
            return self._tensor(start, end)
        children = _CHILDREN[kind]
        out, written, run, position = self._out, 0, start, start
        while position < end:
            at = position
            tag, wire, body, position = self._field(at, end)
            if kind == _MODEL and (position > end or _MODEL_FIELDS.get(tag >> 3, wire) != wire):
                raise WireError("ends too early", truncated=_MODEL_FIELDS.get(tag >> 3) == wire)
            if position > end:
                raise WireError(f"a field of {kind} is longer than the message it is in")
            # A child that is no longer than the limit cannot contain a payload above it: it is copied with the run.
            if wire == 2 and position - body > PAYLOAD_LIMIT and (child := children.get(tag >> 3)):
                written += self._flush(run, at)
                slot = len(out)
                out.append(b"")
                length = self._message(child, body, position, depth + 1)
                out[slot] = varint(tag) + varint(length)
                written += len(out[slot]) + length
                run = position
        return written + self._flush(run, end)

    def _tensor(self, start: int, end: int) -> int:
        """Append a TensorProto, without its payload if that is over the limit; return the number of bytes appended."""
        payload, pieces, length = 0, 0, None
        keep: list[tuple[int, int]] = []
        position = start
        while position < end:
            at = position
            tag, wire, body, position = self._field(at, end)
            if position > end:
                raise WireError("a field of TensorProto is longer than the message it is in")
            field = tag >> 3
            if field in _PAYLOADS:
                payload += position - body
                pieces += 1
                length = position - body if wire == 2 and field in _FIXED_WIDTH else None
            elif field not in _LOCATION:
                if keep and keep[-1][1] == at:
                    keep[-1] = keep[-1][0], position
                else:
                    keep.append((at, position))
        if payload <= PAYLOAD_LIMIT:
            return self._flush(start, end)
        self.elided += 1
        mark = elided_mark(length if pieces == 1 else None)
        written = sum(self._flush(first, last) for first, last in keep)
        self._out.append(mark)
        return written + len(mark)

    def _field(self, at: int, end: int) -> tuple[int, int, int, int]:
        """Parse the field at an offset; return its tag, its wire type, and the offsets of its value's start and end."""
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise WireError(f"has more than {_MOST_FIELDS} fields")
        tag, body = self._varint(at, end)
        wire = tag & 7
        if tag < 8:
            raise WireError("has a field numbered zero")
        if wire == 2:
            length, body = self._varint(body, end)
            return tag, wire, body, body + length
        if wire == 0:
            return tag, wire, body, self._varint(body, end)[1]
        if wire == 5:
            return tag, wire, body, body + 4
        if wire == 1:
            return tag, wire, body, body + 8
        raise WireError(f"has a field of wire type {wire}, which ONNX does not use")

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        """Parse the varint at an offset; return its value and the offset after it."""
        index = position - self._base
        window = self._window
        if 0 <= index < len(window) and window[index] < 0x80 and position < end:
            return window[index], position + 1
        if not 0 <= index <= len(window) - 10 and (index < 0 or self._base + len(window) < self.size):
            window = self._window = self._read(position, min(position + self._wide, self.size))
            self._base, index = position, 0
        value = shift = 0
        for byte in window[index : index + 10]:
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if position > end:
                    break
                return value, position
            shift += 7
        if shift >= 70:
            raise WireError("has an integer of more than ten bytes")
        raise WireError("ends in the middle of an integer", truncated=end == self.size)

    def _flush(self, start: int, end: int) -> int:
        """Append the bytes between two offsets unchanged; return their number."""
        if start < end:
            first, last = start - self._base, end - self._base
            inside = first >= 0 and last <= len(self._window)
            self._out.append(self._window[first:last] if inside else self._read(start, end))
        return end - start

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        data = self._file.read(end - start)
        if data is None or len(data) != end - start:
            raise WireError("became shorter while it was read", truncated=True)
        return data
