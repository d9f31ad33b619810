"""Tables of flatbuffers, read and written by the numbers of their fields in the schema, over the `flatbuffers` package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flatbuffers import encode, number_types
from flatbuffers.builder import Builder
from flatbuffers.table import Table

from graphfix.ir.records import dataclass

FIRST_FIELD, FIELD = 4, 2
"""The bytes before the first field in a table's index of fields, and those of each."""
OFFSET = number_types.UOffsetTFlags
ALIGNMENT = 16
"""The alignment of tensors' bytes, which a whole flatbuffer that contains them keeps."""


@dataclass(frozen=True, slots=True)
class Fields:
    """A table in a flatbuffer; `at` is its position in the bytes. Absent fields are empty, or 0."""

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> Fields:
        """Return the table that a flatbuffer begins with."""
        return cls(data, int(encode.Get(OFFSET.packer_type, data, 0)))

    def position(self, field: int) -> int:
        """Return the position of the table, vector or text that a field refers to; 0 where it is absent."""
        place = self._place(field)
        return int(self._table.Indirect(self.at + place)) if place else 0

    def positions(self, field: int) -> list[int]:
        """Return the positions of the tables or texts that a vector refers to."""
        place = self._place(field)
        start = self._table.Vector(place) if place else 0
        return [int(self._table.Indirect(start + OFFSET.bytewidth * item)) for item in range(self._length(place))]

    def tables(self, field: int) -> list[Fields]:
        """Return the tables in a vector."""
        return [Fields(self.data, position) for position in self.positions(field)]

    def table(self, field: int) -> Fields | None:
        """Return the table in a field; None where it is absent."""
        position = self.position(field)
        return Fields(self.data, position) if position else None

    def text(self, field: int) -> str:
        """Return a text."""
        place = self._place(field)
        return self._table.String(self.at + place).decode() if place else ""

    def number(self, field: int, kind: Any) -> int:
        """Return an integer of a type of `number_types`."""
        place = self._place(field)
        return int(self._table.Get(kind, self.at + place)) if place else 0

    def numbers(self, field: int, kind: Any) -> list[Any]:
        """Return a vector of numbers of a type of `number_types`."""
        place = self._place(field)
        return self._table.GetVectorAsNumpy(kind, place).tolist() if place else []

    def raw(self, field: int) -> bytes:
        """Return a vector of bytes."""
        return bytes(self.numbers(field, number_types.Uint8Flags))

    def _place(self, field: int) -> int:
        return int(self._table.Offset(FIRST_FIELD + FIELD * field))

    def _length(self, place: int) -> int:
        return int(self._table.VectorLen(place)) if place else 0

    @property
    def _table(self) -> Any:
        return Table(self.data, self.at)


@dataclass(frozen=True, slots=True)
class Number:
    """A number to write, of a type of `number_types`."""

    kind: Any
    value: int | float


@dataclass(frozen=True, slots=True)
class Kept:
    """A table, vector or text that was put into the builder already; `offset` is its distance from the end."""

    offset: int


def put_back(builder: Builder, data: bytes) -> int:
    """Put a whole flatbuffer at the end of an empty builder, and return the distance of its beginning from the end."""
    padded = data + bytes(-len(data) % ALIGNMENT)
    builder.CreateByteVector(padded)
    return len(padded)


def put(builder: Builder, value: Any) -> int:
    """Write a text, bytes, a table, or a vector of texts, tables or float32 numbers; return its offset in the builder."""
    if isinstance(value, Kept):
        return value.offset
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, bytes):
        builder.Prep(ALIGNMENT, len(value))
        return int(builder.CreateByteVector(value))
    return _table(builder, value) if isinstance(value, Mapping) else _vector(builder, value)


def _table(builder: Builder, fields: Mapping[int, Any]) -> int:
    made = {field: value if isinstance(value, Number) else put(builder, value) for field, value in fields.items()}
    builder.StartObject(max(made, default=-1) + 1)
    for field, value in made.items():
        if isinstance(value, Number):
            builder.Prepend(value.kind, value.value)
            builder.Slot(field)
        else:
            builder.PrependUOffsetTRelativeSlot(field, value, 0)
    return int(builder.EndObject())


def _vector(builder: Builder, items: Sequence[Any]) -> int:
    if all(isinstance(item, float) for item in items):
        builder.StartVector(number_types.Float32Flags.bytewidth, len(items), number_types.Float32Flags.bytewidth)
        for number in reversed(items):
            builder.PrependFloat32(number)
    else:
        offsets = [put(builder, item) for item in items]
        builder.StartVector(OFFSET.bytewidth, len(offsets), OFFSET.bytewidth)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def finished(builder: Builder, root: int, identifier: bytes) -> bytes:
    """Return the bytes of a builder whose first table is `root`."""
    builder.Prep(ALIGNMENT, 0)
    builder.Finish(root, file_identifier=identifier)
    return bytes(builder.Output())
