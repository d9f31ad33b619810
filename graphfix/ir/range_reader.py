"""Reading a remote model by ranges: what a walk through its wire format skips is never transferred."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import RawIOBase
from typing import Any, Final

from graphfix.errors import ModelError
from graphfix.ir.external_data import ModelFolder
from graphfix.ir.urls import RemoteFile, remote_file, transfer_errors

FIRST: Final = 1 << 10
"""Bytes that are fetched at once behind a payload that was skipped: most often the next header of a tensor."""
MOST: Final = 1 << 20
"""Bytes that are fetched at once where all is read: each fetch asks for twice as many as the one before."""
GAP: Final = 1 << 13
"""Bytes between two reads that are fetched too: less would save no time, and small payloads are copied anyway."""


class RangeReader(RawIOBase):
    """A remote file as the walk reads it; everything that was fetched is kept, since the walk copies it after looking at it."""

    def __init__(self, file: Any, url: str) -> None:
        super().__init__()
        self._file, self._url = file, url
        self._position = 0
        self._ahead = FIRST
        self._parts: list[tuple[int, bytearray]] = []

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the offset of the next read."""
        assert whence == 0
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Return exactly so many bytes, fewer only at the end of the file."""
        start, end = self._position, self._position + size
        self._position = end
        for base, data in reversed(self._parts):
            if base <= start and end <= base + len(data):
                return bytes(memoryview(data)[start - base : end - base])
        base, data = self._parts[-1] if self._parts else (-1, bytearray())
        at = base + len(data)
        if base < 0 or not base <= start <= at + GAP:
            base, data, at, self._ahead = start, bytearray(), start, FIRST
            self._parts.append((base, data))
        data += self._fetched(at, max(end, at + self._ahead))
        self._ahead = min(2 * self._ahead, MOST)
        return bytes(memoryview(data)[start - base : end - base])

    def _fetched(self, start: int, end: int) -> bytes:
        with transfer_errors(self._url):
            self._file.seek(start)
            found: bytes = self._file.read(end - start)
        return found


class RemoteFolder(ModelFolder):
    """The external data files of a model at a URL: they must exist and be long enough, and are never opened."""

    def __init__(self, model: RemoteFile) -> None:
        super().__init__(model.url)
        self._model = model

    def _located(self, location: str, name: str) -> tuple[str, int]:
        try:
            return location, int(self._model.beside(location).info().get("size") or 0)
        except ModelError as error:
            problem = f"`{location}`, the external data of tensor `{name}`: {error.problem}"
            raise ModelError(problem, path=self._model.url, hint="put it beside the model") from error


@contextlib.contextmanager
def opened(url: str) -> Iterator[tuple[RangeReader, int, RemoteFolder]]:
    """Yield a remote model as a file that is read by ranges, its size, and its folder; ModelError where it cannot be opened."""
    where = remote_file(url)
    size = where.info().get("size")
    if size is None:
        raise ModelError("its server does not say how long the file is", path=url, hint="download it first")
    with transfer_errors(url):
        file = where.system.open(where.path, "rb", cache_type="none")
    with contextlib.closing(file):
        yield RangeReader(file, url), int(size), RemoteFolder(where)
