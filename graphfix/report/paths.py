"""How a model's path is written for hosts of code: relative to here where it lies below, with forward slashes."""

from __future__ import annotations

from pathlib import Path


def hosted(model: str) -> str:
    """The path as a repository has it; an absolute one that lies elsewhere stays as it is."""
    path = Path(model)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()
