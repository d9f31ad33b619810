"""Where a compiled artifact is put: made beside its place, then moved there whole, be it a file, two files or a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from graphfix.atomic import told, writable
from graphfix.errors import OutputError, UsageError

STRICT = (".xml", ".mlpackage")
"""Suffixes by which the compiler's own loader knows its artifact, so that no other will do."""


def placeable(output: Path, suffix: str, *, force: bool) -> None:
    """Check that an artifact with this usual suffix can be put at `output`, before the work of making it.

    Raises UsageError for a suffix that cannot be loaded, OutputError where something is already, unless `force`, or
    nothing can be written.
    """
    if suffix in STRICT and output.suffix != suffix:
        raise UsageError(f"`{output}` does not end with {suffix}", cure=f"write -o {output.with_suffix(suffix)}")
    if suffix == ".mlpackage" and output.is_dir() and not output.is_symlink():
        if not force:
            raise OutputError("exists already", path=output, cure="choose another output, or pass `--force`")
        if any(output.iterdir()) and not (output / "Manifest.json").exists():
            raise OutputError("is a folder, but no .mlpackage", path=output, cure="choose another output")
        return
    for path in (output, output.with_suffix(".bin")) if suffix == ".xml" else (output,):
        writable(path, force=force)


class Draft:
    """An artifact in the making, at `path` in a folder beside its place; it vanishes with the `with` block."""

    def __init__(self, output: Path) -> None:
        self._output = Path(os.path.realpath(output))
        with told(output):
            self._folder = Path(tempfile.mkdtemp(prefix=".graphfix-", dir=self._output.parent))
        self.path = self._folder / self._output.name

    def put(self) -> None:
        """Move everything that was made into place, what belongs to the artifact before the artifact itself."""
        with told(self._output):
            for made in sorted(self._folder.iterdir(), key=lambda made: made == self.path):
                goal = self._output.parent / made.name
                if made.is_dir() and goal.is_dir():
                    goal.rename(self._folder / f"{made.name}.old")
                made.replace(goal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
