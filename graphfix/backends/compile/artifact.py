"""Writing of compiled artifacts: one is built in a temporary folder beside its path, then moved there whole.

An artifact is a file, two files or a folder.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from graphfix.errors import OutputError, UsageError
from graphfix.ir.atomic_write import output_errors, temporary_path, writable

REQUIRED_SUFFIXES = (".xml", ".mlpackage")
"""Suffixes that the compiler's own loader requires."""
FULL = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What the system says where a file has no room, which compilers quote."""


def check_artifact_path(output: Path, suffix: str, *, force: bool) -> None:
    """Check, before compiling, that an artifact with this suffix can be written to `output`.

    Raises UsageError for a suffix that cannot be loaded, and OutputError where something exists already (unless `force`)
    or nothing can be written.
    """
    if suffix in REQUIRED_SUFFIXES and output.suffix != suffix:
        raise UsageError(f"`{output}` does not end with {suffix}", hint=f"write -o {output.with_suffix(suffix)}")
    if suffix == ".mlpackage" and output.is_dir() and not output.is_symlink():
        if not force:
            raise OutputError("exists already", path=output, hint="choose another output, or pass `--force`")
        if any(output.iterdir()) and not (output / "Manifest.json").exists():
            raise OutputError("is a folder, but no .mlpackage", path=output, hint="choose another output")
        return
    for path in (output, output.with_suffix(".bin")) if suffix == ".xml" else (output,):
        writable(path, force=force)


class PendingArtifact:
    """An artifact being built at `path` in a temporary folder, which is removed at the end of the `with` block."""

    def __init__(self, output: Path) -> None:
        self._output = Path(os.path.realpath(output))
        with output_errors(output):
            self._folder = Path(temporary_path(str(self._output.parent)))
            self._folder.mkdir()
        self.path = self._folder / self._output.name

    def blame_disk(self, message: str) -> None:
        """Raise OutputError where a compiler that wrote nothing says that the disk was full: that says nothing of the model."""
        full = next((said for said in FULL if said in message), None)
        if full is not None:
            raise OutputError(f"cannot be written: {full}", path=self._output, hint="make room, or choose another folder")

    def commit(self) -> None:
        """Move everything in the folder to the output's folder, the artifact itself last."""
        with output_errors(self._output):
            for entry in sorted(self._folder.iterdir(), key=lambda entry: entry == self.path):
                goal = self._output.parent / entry.name
                if entry.is_dir() and goal.is_dir():
                    goal.rename(self._folder / f"{entry.name}.old")
                entry.replace(goal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
