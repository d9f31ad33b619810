"""Models at URLs (`s3://`, `hf://`, `https://`, `zip://FILE::URL`): which files a URL names, and where each is.

fsspec has the file systems; it is imported when the first URL is opened, never for models on this machine.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from graphfix.errors import ModelError, UsageError
from graphfix.ir.records import dataclass

URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")
"""The beginning of a URL; caches (`simplecache::s3://`) stand in front of it."""
WEB = ("http", "https")
"""Protocols in whose URLs a question mark begins the query."""
IDENTITY = (
    "ETag", "etag", "sha256", "blob_id", "oid", "Content-MD5", "Digest", "md5Hash", "md5", "CRC", "crc32c", "generation",
    "version_id", "VersionId", "Last-Modified", "LastModified", "last_modified", "updated", "mtime", "date_time", "created",
)  # fmt: skip
"""What file systems say about a file that another content has otherwise."""


class ModelUrl(str):
    """The URL of a model; settings are searched for from the working directory, as for a model there."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.partition("::")[0].partition("?")[0]).name

    @property
    def parent(self) -> Path:
        """The folder where the search for settings starts."""
        return Path()


ModelPath = Path | ModelUrl
"""Where a model is: a file on this machine, or a URL."""


def is_url(path: object) -> bool:
    """Whether a text is a URL; a path never is one, since it has lost a slash."""
    return isinstance(path, str) and URL.match(path) is not None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in a file system of fsspec: its path there, and its URL."""

    system: Any
    path: str
    url: str

    def info(self) -> Mapping[str, Any]:
        """Return what the file system says about the file; ModelError where it has none."""
        with transfer_errors(self.url):
            found: Mapping[str, Any] = self.system.info(self.path)
        return found

    def beside(self, location: str) -> RemoteFile:
        """Return the file at a path that is relative to this file's folder."""
        folder, slash, _ = self.path.rpartition("/")
        return RemoteFile(self.system, f"{folder}{slash}{location}", self.url)


def remote_file(url: str) -> RemoteFile:
    """Return the file that a URL names; UsageError where its file system is not known or not installed."""
    try:
        fsspec = importlib.import_module("fsspec.core")
    except ImportError:
        hint = "install it with `pip install 'graphfix[registry]'`"
        raise UsageError("reading models at URLs needs fsspec", path=url, hint=hint) from None
    try:
        with transfer_errors(url):
            system, path = fsspec.url_to_fs(url)
    except ImportError as error:
        raise UsageError(f"its file system is not installed: {error}", path=url, hint="install what it names") from error
    return RemoteFile(system, path, url)


def models_at(url: str) -> Iterator[ModelUrl]:
    """Yield the models that a URL names: the file itself, or in a folder, an archive or a glob all *.onnx, in order."""
    first, chained, rest = url.partition("::")
    protocol = first.partition("://")[0]
    magic = re.search(r"[*\[]" if protocol in WEB else r"[*?\[]", first) is not None
    if not magic and first.partition("?")[0].endswith(".onnx"):
        yield ModelUrl(url)
        return
    where = remote_file(url)
    with transfer_errors(url):
        if magic:
            found = [path for path in where.system.glob(where.path) if where.system.isfile(path)]
        elif where.path.strip("/") and where.system.isfile(where.path):
            yield ModelUrl(url)
            return
        else:
            found = [path for path in where.system.find(where.path) if path.endswith(".onnx")]
    for path in sorted(found):
        whole = where.system.unstrip_protocol(path) if "://" not in path else path
        yield ModelUrl(whole + chained + rest)


def remote_state(url: str) -> str:
    """Return what tells this content of a file from others without reading it; empty where the file system does not say."""
    try:
        info = remote_file(url).info()
    except ModelError:
        return ""  # the error is reported where the model is read
    known = [f"{key}={info[key]}" for key in IDENTITY if info.get(key)]
    return "\n".join([f"size={info.get('size')}", *known]) if known else ""


@contextlib.contextmanager
def transfer_errors(url: str) -> Iterator[None]:
    """Turn whatever a file system raises into a ModelError about the URL; a missing package stays an ImportError."""
    try:
        yield
    except (ImportError, ModelError, UsageError):
        raise
    except FileNotFoundError:
        raise ModelError("there is no such file", path=url, hint="check the URL") from None
    except Exception as error:  # those of the clients of stores are no OSErrors, and have no base class in common
        said = str(error) or type(error).__name__
        raise ModelError(f"cannot be fetched: {said[:200]}", path=url, hint="check the URL and the credentials") from error
