"""External tensor data in files beside a model, found without leaving the model's folder.

A location comes from the file and is not trusted: it must be relative, must not contain `..`, and after links are
followed must still be in the model's folder. When the model itself is a link, the folder of its target is allowed
too; download caches store a model and its data that way.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from onnx import ModelProto, TensorProto

from graphfix.errors import ModelError
from graphfix.ir.records import dataclass
from graphfix.ir.tensors import is_elided, is_external, nbytes, tensors


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The location of a tensor's bytes: a file, the offset of the first byte, and their number."""

    file: str
    offset: int
    length: int


class ModelFolder:
    """The external data files of one model; each is looked up once, however many tensors are in it."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._folders = list(dict.fromkeys([os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))]))
        self._found: dict[str, tuple[str, int]] = {}

    def extent(self, tensor: TensorProto) -> ByteRange:
        """Return the location of an external tensor's bytes.

        Raises:
            ModelError: the location is missing or outside the folder, or the file is too short.
        """
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if location not in self._found:
            self._found[location] = self._find(location, tensor.name)
        file, size = self._found[location]
        offset = self._number(entries.get("offset", "0"), "offset", tensor.name)
        length = self._number(entries.get("length") or str(max(size - offset, 0)), "length", tensor.name)
        need = nbytes(tensor)
        if need is not None and "length" not in entries:
            length = need
        if offset + length > size:
            raise self._error(
                f"tensor `{tensor.name}` ends at byte {offset + length} of `{location}`, which has {size}",
                "fetch the data file again; it is truncated or belongs to another model",
            )
        return ByteRange(file, offset, length)

    def _find(self, location: str, name: str) -> tuple[str, int]:
        if not location or not isinstance(location, str) or "\0" in location:
            raise self._error(f"tensor `{name}` has external data without a location", "export the model again")
        if os.path.isabs(location) or re.match(r"[A-Za-z]:|[\\/]", location):
            raise self._error(
                f"tensor `{name}` keeps its data at the absolute path `{location}`",
                "save the data beside the model, under a relative path",
            )
        if ".." in re.split(r"[\\/]", location):
            raise self._escape(location, name)
        return self._located(location, name)

    def _located(self, location: str, name: str) -> tuple[str, int]:
        """Return the file at a location, which is relative and goes down only, and its size."""
        for folder in self._folders:
            file = os.path.realpath(os.path.join(folder, location))
            try:
                found = os.stat(file)
            except (OSError, ValueError):
                continue
            if not any(_inside(file, os.path.realpath(allowed)) for allowed in self._folders):
                raise self._escape(location, name)
            if not stat.S_ISREG(found.st_mode):
                raise self._error(f"`{location}`, the data of tensor `{name}`, is not a regular file", "put the data there")
            return file, found.st_size
        raise self._error(
            f"the external data file `{location}` is missing",
            f"put it into {self._folders[0]} beside the model",
        )

    def _number(self, text: str, what: str, name: str) -> int:
        # int() would also take "1_0", " 1" and digits of other scripts.
        if not re.fullmatch(r"[0-9]{1,19}", text):
            raise self._error(f"tensor `{name}` has external data at {what} `{text[:40]}`", "export the model again")
        return int(text)

    def _escape(self, location: str, name: str) -> ModelError:
        return self._error(
            f"tensor `{name}` keeps its data at `{location}`, outside the model's folder",
            "save the data beside the model",
        )

    def _error(self, problem: str, cure: str) -> ModelError:
        return ModelError(problem, path=self._path, hint=cure)


def check_external(model: ModelProto, path: str | Path, *, elided: int = 0, folder: ModelFolder | None = None) -> None:
    """Check that the external data of a model at `path` exists, without opening it; `folder` is where, if not beside `path`.

    `elided` is the number of payloads that were left out on reading; a tensor that has that mark in the file itself is
    an error, as it could not be distinguished from those.

    Raises:
        ModelError: for the first tensor whose data is missing, out of bounds or outside the model's folder.
    """
    files = folder
    marked = []
    for tensor in tensors(model):
        if not is_external(tensor):
            continue
        if is_elided(tensor):
            marked.append(tensor)
            continue
        files = files or ModelFolder(path)
        files.extent(tensor)
    if len(marked) != elided:
        (files or ModelFolder(path)).extent(marked[0])  # raises, as the location is empty


def has_external(model: ModelProto) -> bool:
    """Whether any payload is in another file than the model's."""
    return any(is_external(tensor) and not is_elided(tensor) for tensor in tensors(model))


def load_external(model: ModelProto, path: str | Path) -> None:
    """Read the external data of a model at `path` into the model, one tensor at a time.

    Raises:
        ModelError: as `check_external`, or the data cannot be read.
    """
    files = ModelFolder(path)
    for tensor in tensors(model):
        if not is_external(tensor):
            continue
        extent = files.extent(tensor)
        try:
            with open(extent.file, "rb", buffering=0) as file:
                file.seek(extent.offset)
                tensor.raw_data = _read(file.fileno(), extent.length)
        except (OSError, EOFError) as error:
            raise ModelError(f"the external data of tensor `{tensor.name}` cannot be read: {error}", path=path) from error
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")


def _read(descriptor: int, length: int) -> bytes:
    """Read exactly `length` bytes, in several calls, as one system call reads at most 2 GiB."""
    pieces = []
    while length:
        piece = os.read(descriptor, min(length, 1 << 30))
        if not piece:
            raise EOFError("the file became shorter")
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _inside(file: str, folder: str) -> bool:
    return os.path.commonpath([file, folder]) == folder
