"""The skeleton of a model: everything in an ONNX file except the payloads of its large tensors.

A 1.5 GB model is nearly all weights, and no compiler rejects a model for the values of its weights. So linting
reads the graph, the small constants, and only the name, type and dims of a large tensor. Such a tensor is marked
as external data at an empty location (`is_elided`), which no valid file contains.
"""

from __future__ import annotations

import os
import stat
from io import RawIOBase
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto

from graphfix.errors import SINGLE_SLASH, ModelError
from graphfix.ir.external_data import ModelFolder, check_external
from graphfix.ir.tensors import is_elided
from graphfix.ir.urls import is_url
from graphfix.ir.wire_format import WireCopy, WireError

__all__ = ["check_readable", "is_elided", "is_pointer", "read_skeleton"]

MOST_BYTES: Final = 2**31 - 1
"""The most bytes of one protobuf message, and so of a model file that any ONNX tool can read."""

_REMOTE: Final = 512
"""Bytes that the walk through a remote file reads at once."""
_LFS: Final = b"version https://git-lfs.github.com/spec/"
# The magic bytes of other file formats: (offset, bytes, what the file is, what to do).
_OTHER_FORMATS: Final[tuple[tuple[int, bytes, str, str], ...]] = (
    (0, _LFS, "is a Git LFS pointer, not the model itself", "run `git lfs pull`"),
    (0, b"\x89PNG", "is a PNG image", "give an .onnx file"),
    (0, b"\xff\xd8\xff", "is a JPEG image", "give an .onnx file"),
    (0, b"%PDF", "is a PDF document", "give an .onnx file"),
    (
        0,
        b"PK\x03\x04",
        "is a zip archive (PyTorch checkpoints are, too)",
        "unpack it, or export the model to ONNX",
    ),
    (0, b"\x1f\x8b", "is a gzip archive", "unpack it first"),
    (0, b"BZh", "is a bzip2 archive", "unpack it first"),
    (0, b"\xfd7zXZ", "is an xz archive", "unpack it first"),
    (0, b"7z\xbc\xaf", "is a 7-zip archive", "unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "is a Zstandard archive", "unpack it first"),
    (0, b"\x89HDF", "is an HDF5 file (Keras writes those)", "export the model to ONNX"),
    (0, b"GGUF", "is a GGUF file", "export the model to ONNX"),
    (4, b"TFL3", "is a TensorFlow Lite model", "give the ONNX model it came from"),
    (4, b"ORTM", "is an ORT format model", "give the ONNX model it came from"),
    (0, b"\x80\x02", "is a Python pickle", "export the model to ONNX"),
    (0, b"\x80\x04", "is a Python pickle", "export the model to ONNX"),
    (0, b"<?xml", "is an XML file", "give an .onnx file"),
)


def read_skeleton(path: str | Path) -> ModelProto:
    """Read a model without the payloads above `wire.PAYLOAD_LIMIT` bytes, which are not read from the disk.

    External data is not opened, but its file must exist in the model's own folder and be long enough.

    Raises:
        ModelError: there is no file, it is not an ONNX model, or it is incomplete.
    """
    if isinstance(path, str) and is_url(path):
        from graphfix.ir.range_reader import opened

        with opened(path) as (remote, size, folder):
            _check_size(size, path)
            return _read(remote, size, path, folder)
    size = check_readable(path)
    try:
        with open(path, "rb", buffering=0) as file:
            return _read(file, size, path)
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", path=path) from error


def _read(file: RawIOBase, size: int, path: str | Path, folder: ModelFolder | None = None) -> ModelProto:
    """Return the skeleton of the model in a file; in a remote `folder` it is read in small pieces."""
    try:
        _reject_other_format(file.read(512), path)
        walk = WireCopy(file, size) if folder is None else WireCopy(file, size, window=_REMOTE)
        data = walk.copy()
        model: ModelProto = ModelProto.FromString(data)
    except WireError as error:
        raise _malformed(error, path) from error
    except DecodeError as error:
        raise ModelError("is damaged: protobuf cannot parse it", path=path, hint="export or download the model again") from error
    del data
    _check_header(model, path)
    check_external(model, path, elided=walk.elided, folder=folder)
    return model


def is_pointer(path: str | Path) -> bool:
    """Whether a file is a Git LFS pointer to a model that has not been fetched; False where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(len(_LFS)) == _LFS
    except OSError:
        return False


def check_readable(path: str | Path) -> int:
    """Check that a file could be a model, and return its size in bytes.

    Raises:
        ModelError: it is missing, not a regular file, empty, or larger than protobuf allows.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        hint = "only `graphfix lint` reads URLs: download it first" if SINGLE_SLASH.match(str(path)) else "check the path"
        raise ModelError("there is no such file", path=path, hint=hint) from None
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise ModelError(f"cannot be read: {said}", path=path) from error
    if stat.S_ISDIR(found.st_mode):
        raise ModelError("is a folder, not a model", path=path, hint="give an .onnx file")
    if not stat.S_ISREG(found.st_mode):
        raise ModelError("is not a regular file", path=path, hint="give an .onnx file")
    _check_size(found.st_size, path)
    return found.st_size


def _check_size(size: int, path: str | Path) -> None:
    """Raise ModelError for a number of bytes that no model has."""
    if not size:
        raise ModelError("is empty", path=path, hint="export or download the model again")
    if size > MOST_BYTES:
        problem = f"has {size} bytes, more than the 2 GiB that protobuf allows"
        raise ModelError(problem, path=path, hint="save the weights as external data")


def _reject_other_format(head: bytes, path: str | Path) -> None:
    """Raise ModelError where the first 512 bytes are those of another file format."""
    for offset, magic, problem, cure in _OTHER_FORMATS:
        if head.startswith(magic, offset):
            raise ModelError(problem, path=path, hint=cure)
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        raise ModelError("is an HTML page, not a model", path=path, hint="download the file itself, not its web page")
    if start.startswith((b"<", b"{")) and b"ir_version" in head:
        raise ModelError("is a model in ONNX's text form", path=path, hint="convert it with `onnx.load` and `onnx.save`")
    # Protobuf always writes control characters early on (tags, lengths); text never does.
    if all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head) and _decodes(head):
        raise ModelError("is a text file, not an ONNX model", path=path, hint="give an .onnx file")


def _decodes(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 >= 0 and len(head) == 512  # a character that ends after the 512 bytes
    return True


def _malformed(error: WireError, path: str | Path) -> ModelError:
    if error.truncated:
        cure = "download or export the model again"
        return ModelError(f"is truncated: the file {error}", path=path, hint=cure)
    return ModelError(f"is not an ONNX model, or is damaged: {error}", path=path, hint="give an .onnx file")


def _check_header(model: ModelProto, path: str | Path) -> None:
    if not model.HasField("graph"):
        if model.HasField("ir_version") or model.opset_import:
            raise ModelError("holds no graph", path=path, hint="export the model again")
        raise ModelError("is not an ONNX model", path=path, hint="give an .onnx file")
    if not model.opset_import:
        raise ModelError("imports no opset, or is truncated", path=path, hint="export the model again")
