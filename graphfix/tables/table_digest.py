"""A digest of a target's table, which another measurement or distillation changes."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from graphfix.tables.table import table
from graphfix.tables.versions import tables_folder


@functools.cache
def table_digest(target: str, home: Path | None = None) -> str:
    """Return the SHA-256 of the files of a target's table, the evidence left out; `target` may name a version."""
    found = table(target, home)
    folder = tables_folder(home) / found.measured_target
    total = hashlib.sha256((tables_folder(home) / found.target / "target.toml").read_bytes() if found.base else b"")
    for path in sorted([folder / "target.toml", *found.folder.rglob("*")]):
        if path.is_file() and path.suffix != ".xz":
            total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()
