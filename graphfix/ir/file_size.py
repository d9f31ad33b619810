"""The bytes of a model on disk, with those of its external data."""

from __future__ import annotations

import os
from pathlib import Path

from graphfix.ir.skeleton import read_skeleton
from graphfix.ir.tensors import is_elided, is_external, tensors


def model_bytes(path: str | Path) -> int:
    """Return the bytes of a model's file and of the files that hold its external data."""
    kept = (tensor for tensor in tensors(read_skeleton(path)) if is_external(tensor) and not is_elided(tensor))
    names = {entry.value for tensor in kept for entry in tensor.external_data if entry.key == "location"}
    beside = (os.path.join(os.path.dirname(os.path.realpath(path)), name) for name in sorted(names))
    return os.path.getsize(path) + sum(os.path.getsize(file) for file in beside if os.path.isfile(file))
