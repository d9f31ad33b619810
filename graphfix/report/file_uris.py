"""File paths as code hosts expect them: relative to the working directory, with forward slashes."""

from __future__ import annotations

import functools
from pathlib import Path, PurePosixPath

from graphfix.ir.source_location import SourceLocation
from graphfix.lowering.source import recognise_source


def hosted(model: str) -> str:
    """Return the path as in the repository; an absolute path outside the working directory stays as it is.

    For `package.module:factory` it is the module's file, or where that is not found the file where it would be here.
    """
    path = Path(model)
    source = recognise_source(model) if ":" in model else None
    if source is not None and source.path is None:
        path = source.file or Path(*model.rpartition(":")[0].split(".")).with_suffix(".py")
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def cited(source: SourceLocation | None) -> str | None:
    """Return the path of the Python file of a source location; None where it names none, or interactive input."""
    return recorded(source.file) if source is not None and source.file and not source.file.startswith("<") else None


@functools.lru_cache(1024)
def recorded(file: str) -> str:
    """Return the path of a source file as in the repository, even if it was recorded on another machine.

    The last parts of a path from elsewhere count where they name a file here: at least two parts, or one if the folder before
    it has the name of the working directory.
    """
    plain = file.replace("\\", "/")
    path, here = PurePosixPath(plain), Path.cwd()
    if path.is_relative_to(here.as_posix()):
        return path.relative_to(here.as_posix()).as_posix()
    parts = path.parts[1:] if path.is_absolute() else path.parts
    for start in range(len(parts)):
        rest = parts[start:]
        around = parts[start - 1] if start else ""
        if (len(rest) > 1 or around == here.name) and ".." not in rest and here.joinpath(*rest).is_file():
            return "/".join(rest)
    return plain
