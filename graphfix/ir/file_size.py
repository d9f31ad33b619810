"""The bytes of a model on disk, with those of its external data."""

from __future__ import annotations

import os
from pathlib import Path

from graphfix.ir.external_data import has_external
from graphfix.ir.skeleton import read_skeleton
from graphfix.ir.tensors import is_elided, is_external, tensors

SMALL = 64 << 20
"""The bytes of a file that is searched for a word sooner than it is parsed."""


def model_bytes(path: str | Path) -> int:
    """Return the bytes of a model's file and of the files that hold its external data."""
    if _names_no_file(path):
        return os.path.getsize(path)
    kept = (tensor for tensor in tensors(read_skeleton(path)) if is_external(tensor) and not is_elided(tensor))
    names = {entry.value for tensor in kept for entry in tensor.external_data if entry.key == "location"}
    beside = (os.path.join(os.path.dirname(os.path.realpath(path)), name) for name in sorted(names))
    return os.path.getsize(path) + sum(os.path.getsize(file) for file in beside if os.path.isfile(file))


def file_has_external(path: str | Path) -> bool:
    """Return whether a model's file names other files that hold its external data."""
    return not _names_no_file(path) and has_external(read_skeleton(path))


def _names_no_file(path: str | Path) -> bool:
    """Return whether a file is small and lacks the key of all external data; one that cannot be read is neither."""
    try:
        return os.path.getsize(path) < SMALL and b"location" not in Path(path).read_bytes()
    except OSError:
        return False
