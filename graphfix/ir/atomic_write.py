"""Atomic writes of files: a temporary file in the same folder is written, synced, then renamed to the target."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from graphfix.errors import ChangedError, OutputError

FileState = tuple[int, int, int, int]
"""A file's identity and content as the file system tells them: device, inode, bytes, and the time of the last write in ns."""
LEFTOVER = re.compile(r"\.graphfix-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp")
"""The name of a temporary file or folder: a digest of the host, the process, and a random number."""


def file_state(path: str | Path) -> FileState | None:
    """Return the state of a file, links followed; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def changed(path: str | Path) -> ChangedError:
    """Return the error for a file that is no longer in the state in which it was read."""
    return ChangedError("was written by another program meanwhile", path=path, hint="it is left as it is now")


def temporary_path(folder: str) -> str:
    """Return a new path in `folder` that a later run removes if this one is killed, once such paths of others are gone."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            found = LEFTOVER.fullmatch(name)
            if found is not None and found[1] == _host() and not _runs(int(found[2])):
                _remove(os.path.join(folder, name))
    return os.path.join(folder, f".graphfix-{_host()}-{os.getpid()}-{os.urandom(8).hex()}.tmp")


def _remove(leftover: str) -> None:
    with contextlib.suppress(OSError):
        if os.path.isdir(leftover) and not os.path.islink(leftover):
            import shutil

            shutil.rmtree(leftover)
        else:
            os.unlink(leftover)


def _host() -> str:
    return f"{zlib.crc32(os.uname().nodename.encode() if hasattr(os, 'uname') else b''):08x}"


def _runs(process: int) -> bool:
    """Whether a process of this number runs; a number that another user's process has counts too."""
    if not hasattr(os, "fork"):
        return True  # Windows has no way to ask without ending it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def destination(path: str | Path) -> str:
    """Return the path that a write to `path` replaces: links are followed, so that the link itself stays."""
    return os.path.realpath(path)


def writable(path: str | Path, *, force: bool) -> None:
    """Check that a file can be written to `path`, before its content is computed.

    Raises:
        OutputError: it exists and `force` is not set, it is not a regular file, or its folder is not writable.
    """
    target = destination(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise OutputError("is a folder", path=path, hint="name a file in it")
    if os.path.lexists(target):
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise OutputError("is not a regular file", path=path, hint="choose another output")
        if not force:
            raise OutputError("exists already", path=path, hint="choose another output, or pass `--force`")
        if not os.access(target, os.W_OK):
            raise OutputError("is write-protected", path=path, hint="run `chmod u+w` on it, or choose another output")
    elif not os.path.basename(os.fspath(path)):
        raise OutputError("names a folder, not a file", path=path, hint="name a file in it")
    if not os.path.isdir(folder):
        raise OutputError(f"there is no folder `{folder}`", path=path, hint="create it first")
    with output_errors(path), PendingFile(folder):
        pass  # permissions are not enough: a full or read-only disk fails only when a file is created


@contextlib.contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn an OSError into an OutputError about `path`."""
    try:
        yield
    except OSError as error:
        problem = error.strerror or str(error)
        raise OutputError(f"cannot be written: {problem}", path=path, hint="choose a writable folder") from error


class PendingFile:
    """A new file with a temporary name; it is deleted at the end of the `with` block unless `put` renamed it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._name: str | None = temporary_path(folder)
        # Not tempfile.mkstemp: its files are private, and the umask should set the mode as for any other file.
        self._file = os.fdopen(
            os.open(self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), "wb"
        )

    def __enter__(self) -> Self:
        return self

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)

    def put(self, target: str, expected: FileState | None = None) -> None:
        """Sync the content to disk, then rename the file to `target` in the same folder; an old file's mode is kept.

        Raises:
            ChangedError: `target` is not in the `expected` state, where one is given: somebody has written it meanwhile.
        """
        assert self._name is not None
        self._file.flush()
        with contextlib.suppress(FileNotFoundError):
            old = os.stat(target)
            os.chmod(self._name, stat.S_IMODE(old.st_mode))
            if hasattr(os, "chown"):
                with contextlib.suppress(PermissionError):
                    os.chown(self._name, old.st_uid, old.st_gid)
        os.fsync(self._file.fileno())
        self._file.close()
        if expected is not None and file_state(target) != expected:
            raise changed(target)
        os.replace(self._name, target)
        self._name = None
        _sync_folder(self._folder)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        if self._name is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._name)


def _sync_folder(folder: str) -> None:
    """Sync a folder, so that a rename is durable; Windows has no such call, and some network file systems reject it."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
