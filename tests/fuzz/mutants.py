"""Damaged copies of models: bytes changed anywhere, or fields of the protobuf changed so that the file still parses."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import ModelProto

LARGEST = 60_000
"""The bytes of a fixture from which mutants are made: of larger ones it is the weights that are damaged."""
INTEGERS = (0, 1, -1, 2, 7, 255, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 1e38, -1e-38, float("inf"), float("nan"))
TEXTS = (
    "",
    "x",
    "\x00",
    "\x1b[31m",
    "a\n::error::b",
    "ß" * 300,
    "Loop",
    "If",
    "Einsum",
    "ai.onnx.ml",
    "../../etc/passwd",
    "`|<b>",
)
"""Values at the edges of what fields can hold, and words that mean something to ONNX, to a terminal, or to a file system."""


def seeds(folder: Path) -> list[bytes]:
    """Return the small models under a folder, in order."""
    return [path.read_bytes() for path in sorted(folder.rglob("*.onnx")) if path.stat().st_size < LARGEST]


def mutant(models: Sequence[bytes], seed: int, number: int) -> bytes:
    """Return the mutant of this number, which is the same in every run with the seed."""
    draw = random.Random(f"{seed} {number}")
    data = draw.choice(models)
    if draw.random() < 0.4:
        return bytes_changed(data, draw)
    model = ModelProto.FromString(data)
    for _ in range(draw.choice((1, 1, 2, 4, 12))):
        _field_changed(model, draw)
    try:
        changed: bytes = model.SerializeToString()
    except (DecodeError, ValueError):
        return data
    return bytes_changed(changed, draw) if draw.random() < 0.1 else changed


def bytes_changed(data: bytes, draw: random.Random) -> bytes:
    """Return a copy with bytes changed, removed, added or repeated."""
    out = bytearray(data)
    for _ in range(draw.choice((1, 2, 8, 64))):
        at = draw.randrange(len(out)) if out else 0
        length = draw.choice((1, 1, 4, 32, 1000))
        kind = draw.randrange(4)
        if kind == 0:
            out[at : at + 1] = bytes([draw.randrange(256)])
        elif kind == 1:
            del out[at : at + length]
        elif kind == 2:
            out[at:at] = draw.randbytes(length)
        else:
            start = draw.randrange(len(out)) if out else 0
            out[at:at] = out[start : start + length]
    return bytes(out)


def _field_changed(model: ModelProto, draw: random.Random) -> None:
    """Change one field of one message anywhere in the model."""
    messages = list(_messages(model))
    message = draw.choice(messages)
    field = draw.choice(message.DESCRIPTOR.fields)
    if field.is_repeated:
        _repeated_changed(message, field, draw)
    elif draw.random() < 0.2:
        message.ClearField(field.name)
    elif field.type != FieldDescriptor.TYPE_MESSAGE:
        _assigned(lambda value: setattr(message, field.name, value), field, draw)
    else:
        other = draw.choice([one for one in messages if one.DESCRIPTOR is field.message_type] or [None])
        if other is not None and other.ByteSize() < LARGEST:
            copy = type(other)()
            copy.CopyFrom(other)
            getattr(message, field.name).CopyFrom(copy)


def _repeated_changed(message: Message, field: FieldDescriptor, draw: random.Random) -> None:
    """Remove, repeat, swap or add an element of a repeated field."""
    items = getattr(message, field.name)
    kind = draw.randrange(4)
    if kind == 0 and items:
        del items[draw.randrange(len(items))]
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        if items and kind == 1:
            items.add().CopyFrom(draw.choice(items))
        elif len(items) > 1:
            first, second = draw.sample(range(len(items)), 2)
            copy = type(items[first])()
            copy.CopyFrom(items[first])
            items[first].CopyFrom(items[second])
            items[second].CopyFrom(copy)
    elif items and kind == 1:
        _assigned(lambda value: items.__setitem__(draw.randrange(len(items)), value), field, draw)
    else:
        _assigned(items.append, field, draw)


def _assigned(assign: Callable[[Any], object], field: FieldDescriptor, draw: random.Random) -> None:
    """Give a field a value at the edge of its type; one that protobuf does not take leaves it as it is."""
    if field.type == FieldDescriptor.TYPE_STRING:
        value: Any = draw.choice(TEXTS)
    elif field.type == FieldDescriptor.TYPE_BYTES:
        value = draw.choice(TEXTS).encode()
    elif field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        value = draw.choice(FLOATS)
    elif field.type == FieldDescriptor.TYPE_ENUM:
        value = draw.choice(field.enum_type.values).number
    else:
        value = draw.choice(INTEGERS)
    try:
        assign(value)
    except (ValueError, TypeError, OverflowError):
        return


def _messages(message: Message) -> Iterator[Message]:
    yield message
    for field, content in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in content if field.is_repeated else [content]:
                yield from _messages(one)
