"""Load whole models with all their data, and save them atomically: a kill at any time leaves the old or the new file.

A model of more than protobuf's 2 GiB (or on request) keeps its large tensors in a file beside it. That file is named
after its content and is complete before the model that refers to it replaces the old one, so the old pair stays intact.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError, EncodeError, Message  # type: ignore[import-untyped]
from onnx import ModelProto, TensorProto, numpy_helper

from graphfix.errors import ModelError
from graphfix.ir.atomic_write import FileState, PendingFile, changed, destination, file_state, output_errors, writable
from graphfix.ir.external_data import load_external
from graphfix.ir.metadata import restore
from graphfix.ir.serialization import serialized_chunks
from graphfix.ir.skeleton import MOST_BYTES, read_skeleton
from graphfix.ir.tensors import is_elided, is_external, nbytes, tensors
from graphfix.ir.wire_format import PAYLOAD_LIMIT

__all__ = ["load_model", "restore", "save_model", "writable"]

_MOST_PAYLOAD: Final = MOST_BYTES - (1 << 27)  # bytes of payloads that fit in one file, with room for the graph
_STREAMED: Final = 1 << 28  # bytes of payloads from which a model is written in pieces
_ALIGN: Final = 4096  # lets a runtime map a tensor straight from the file
_CONTAINERS: Final = frozenset(
    {
        "GraphProto",
        "NodeProto",
        "AttributeProto",
        "TensorProto",
        "SparseTensorProto",
        "FunctionProto",
        "TrainingInfoProto",
    }
)


def load_model(path: str | Path) -> ModelProto:
    """Load a model with all its data, external data included; it takes about as much memory as the data has bytes.

    Raises:
        ModelError: as `read_skeleton`, or the external data cannot be read.
    """
    model = read_skeleton(path)
    if any(is_elided(tensor) for tensor in tensors(model)):
        try:
            # Parsed from a memory map, so that the file's bytes are never in memory beside the parsed model.
            with (
                open(path, "rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
                memoryview(mapped) as view,
            ):
                model = ModelProto.FromString(view)
        except OSError as error:
            raise ModelError(f"cannot be read: {error.strerror}", path=path) from error
        except (DecodeError, ValueError) as error:
            raise ModelError("changed while it was read", path=path, hint="try again") from error
    load_external(model, path)
    return model


def save_model(
    model: ModelProto, path: str | Path, *, force: bool = False, external: bool = False, expected: FileState | None = None
) -> None:
    """Write a model to `path` atomically; the argument is not changed.

    With `external`, or when the model is too large for one file, tensors of over 4 KiB go to
    `<stem>.<hash of the data>.data` in the same folder. `expected` is the state in which an old file must still be.

    Raises:
        OutputError: the file exists and `force` is not set, or it cannot be written.
        ChangedError: the old file is in another state than `expected`.
        ValueError: the model lacks a payload: it is a skeleton, or its external data was not loaded.
    """
    missing = next((tensor.name for tensor in tensors(model) if is_external(tensor)), None)
    if missing is not None:
        raise ValueError(f"tensor `{missing}` has no payload to save")
    writable(path, force=force)
    target = destination(path)
    data: Iterable[bytes] | None = None
    size = sum(nbytes(tensor) or 0 for tensor in tensors(model))
    if not external and size <= _MOST_PAYLOAD:
        try:
            data = [model.SerializeToString()] if size < _STREAMED else serialized_chunks(model)
        except (EncodeError, ValueError):
            data = None  # more than 2 GiB for another reason, such as integers in their long form
    folder = os.path.dirname(target)
    with output_errors(path), PendingFile(folder) as pending:
        if data is not None:
            for piece in data:
                pending.write(piece)
            pending.put(target, expected)
            return
        with PendingFile(folder) as weights:  # put right before the model, so that a kill in between is unlikely
            serialized, location = _with_external_data(model, target, weights)
            pending.write(serialized)
            if expected is not None and file_state(target) != expected:
                raise changed(target)
            if location:
                weights.put(os.path.join(folder, location))
            pending.put(target, expected)


def _with_external_data(model: ModelProto, target: str, weights: PendingFile) -> tuple[bytes, str]:
    """Write the large tensors to a pending file; return the serialized model that refers to it, and its name to be.

    The name is empty where no tensor is large.
    """
    slim = ModelProto()
    data = _DataFile(weights)
    _copy(model, slim, data)
    location = f"{os.path.splitext(os.path.basename(target))[0]}.{data.digest()}.data"
    for tensor in data.tensors:
        tensor.external_data[0].value = location
    return slim.SerializeToString(), location if data.tensors else ""


class _DataFile:
    """The writer of the external data file; `tensors` are those that refer to it so far."""

    def __init__(self, pending: PendingFile) -> None:
        self.tensors: list[TensorProto] = []
        self._pending = pending
        self._hash = hashlib.sha256()
        self._size = 0

    def digest(self) -> str:
        """Return the first 12 hex digits of SHA-256 of the content."""
        return self._hash.hexdigest()[:12]

    def move(self, source: TensorProto, target: TensorProto) -> None:
        """Append the payload of `source`, and make `target` a copy of it that refers to the file."""
        raw = source.raw_data
        if not source.HasField("raw_data"):
            raw = numpy_helper.from_array(numpy_helper.to_array(source)).raw_data
        self._append(b"\0" * (-self._size % _ALIGN))
        for name in ("name", "data_type", "doc_string"):
            if source.HasField(name):  # a field that is set to an empty string differs from one that is not set
                setattr(target, name, getattr(source, name))
        target.dims.extend(source.dims)
        target.metadata_props.extend(source.metadata_props)
        target.data_location = TensorProto.EXTERNAL
        for key, value in (("location", ""), ("offset", str(self._size)), ("length", str(len(raw)))):
            target.external_data.add(key=key, value=value)
        self._append(raw)
        self.tensors.append(target)

    def _append(self, data: bytes) -> None:
        self._pending.write(data)
        self._hash.update(data)
        self._size += len(data)


def _copy(source: Any, target: Any, data: _DataFile) -> None:
    """Copy a message field by field, with large payloads moved to the data file instead of copied in memory."""
    if isinstance(source, TensorProto):
        if (nbytes(source) or 0) > PAYLOAD_LIMIT:
            data.move(source, target)
        else:
            target.CopyFrom(source)
        return
    target.SetInParent()
    for field, content in source.ListFields():
        has_tensors = field.message_type is not None and field.message_type.name in _CONTAINERS
        if isinstance(content, Message):
            into = getattr(target, field.name)
            _copy(content, into, data) if has_tensors else into.CopyFrom(content)
        elif has_tensors:
            for item in content:
                _copy(item, getattr(target, field.name).add(), data)
        elif isinstance(content, int | float | str | bytes):
            setattr(target, field.name, content)
        else:
            getattr(target, field.name).extend(content)
