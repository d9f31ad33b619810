"""How paths are written for hosts of code: relative to here where a file lies below, with forward slashes."""

from __future__ import annotations

import functools
from pathlib import Path, PurePosixPath

from graphfix.lowering.source import recognise_source
from graphfix.origin import Origin


def hosted(model: str) -> str:
    """The path as a repository has it; an absolute one that lies elsewhere stays as it is.

    Of `package.module:factory` it is the module's file, or where that is not found the one in which it would lie here.
    """
    path = Path(model)
    source = recognise_source(model) if ":" in model else None
    if source is not None and source.path is None:
        path = source.file or Path(*model.rpartition(":")[0].split(".")).with_suffix(".py")
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def cited(source: Origin | None) -> str | None:
    """The path of the Python file that an origin names; None where it names none, or what was typed into a prompt."""
    return recorded(source.file) if source is not None and source.file and not source.file.startswith("<") else None


@functools.lru_cache(1024)
def recorded(file: str) -> str:
    """The path of a source file as a repository has it, though it may have been recorded on another machine.

    A file that is not below here may be checked out here all the same: then its last parts name a file, two of them at
    least, or one where the folder around it is called like this one.
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
