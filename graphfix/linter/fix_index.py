"""A cached index of which rewrite fixes which finding, so that lint need not import the rewrites.

Importing all rewrites takes longer than judging most models, and a finding needs only the name of one. So their
declarations are computed once, written to a JSON file and read from then on. Like bytecode, the file is derived from the
sources, so a new rewrite is still one source file; it is stored where bytecode is, in the package's `__pycache__`, or in
the user's cache folder where that is not writable.

The index is built by importing the rewrites: their declarations are often computed, so they cannot be parsed from the
source. Its key is a digest of the contents of every source file that a declaration may depend on: sizes and times alone
are not enough, since copies, containers and reproducible packages may keep them while contents differ. The contents are
not read again as long as every file has the recorded inode, size and times, among them the time of the last status change,
which users cannot set; an index with another key is never used, wherever it came from. Where no file can be written, the
rewrites are imported in every run, which costs only time. The build of the package does not create the index: it runs in
isolation, without onnx and numpy, where no rewrite can be imported.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from graphfix.linter.diagnostics import Fix
from graphfix.linter.fix_rules import COMPOSED, FixRule
from graphfix.version import IMPORTED

PACKAGE = Path(sys.modules["graphfix"].__path__[0])
"""Where the sources are that a rewrite's declarations may hang on, in all of its folders but those in `APART`."""
APART = frozenset({"__pycache__", "api", "backends", "cli", "commands", "lowering", "probe", "report"})
"""Folders of the package that stand above the rewrites: no declaration hangs on what is in them."""
GRAIN = 1.0
"""Seconds by which a file's timestamp may lag behind the clock of the process that changed it."""


@dataclass(frozen=True, slots=True)
class Index:
    """The rewrites in order of preference, and by operator the position in that list and the terms of each declaration.

    Rewrites that are last resorts are left out.
    """

    remedies: Sequence[tuple[str, str]]
    fixes: Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]]

    def first(self, op: str, kind: str, code: str, traits: tuple[str, ...] | None = None) -> Fix | None:
        """Return the most preferred rewrite that fixes a finding; None where there is none."""
        positions = (
            position
            for word in {op, "*", COMPOSED}
            for position, terms in self.fixes.get(word, ())
            if FixRule(word, **terms).answers(op, kind, code, traits)
        )
        position = min(positions, default=None)
        return None if position is None else Fix(*self.remedies[position])


@functools.cache
def fix_for(op: str, kind: str, code: str, traits: tuple[str, ...] | None = None) -> Fix | None:
    """Return the rewrite to name in a finding; None for undecided and unmeasured kinds, or where only last resorts fix it."""
    return None if kind in ("undecided", "unmeasured") else index().first(op, kind, code, traits)


@functools.cache
def index() -> Index:
    """Return the cached index for the present sources, else build it, and cache it where that is safe."""
    import onnx

    try:
        states = states_now()
        notes = [note for note in map(_read, kept_at()) if note is not None]
        for note in notes:
            if states and note["states"] == states and note["onnx"] == onnx.__version__:
                return Index(note["remedies"], note["fixes"])
        key = digest()
    except OSError:  # the package is not in files, as in a zip archive
        return made()
    found = next((Index(note["remedies"], note["fixes"]) for note in notes if note["key"] == key), None) or made()
    if not changed_since(IMPORTED):  # else the sources may differ from those that this process imported
        content = json.dumps({"key": key, "onnx": onnx.__version__, "states": states, **asdict(found)}).encode()
        any(_written(path, content) for path in kept_at())
    return found


def _read(path: Path) -> dict[str, Any] | None:
    """Return the content of a cache file; None where there is none, or it has another format."""
    with contextlib.suppress(OSError, ValueError):
        note = json.loads(path.read_bytes())
        if isinstance(note, dict) and note.keys() == {"key", "onnx", "states", *(one.name for one in fields(Index))}:
            return note
    return None


def states_now() -> list[int]:
    """Return numbers that change with every change of a source: names, inodes, sizes and times; empty on Windows.

    Windows has no time of the last status change, which users cannot set.
    """
    paths = list(sources())
    stats = [os.stat(path) for path in paths]
    names = "\0".join(map(_placed, paths))
    numbers = [number for s in stats for number in (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)]
    return [] if os.name == "nt" else [zlib.crc32(os.fsencode(names)), *numbers]


def sources() -> Iterator[str]:
    """Every source that the index is made from, in a fixed order; OSError where a folder cannot be read."""
    for folder in folders():
        yield from (os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".py"))


def folders() -> Iterator[str]:
    """Every folder that holds such sources, the package first; how deep they lie does not matter."""
    waiting = [os.fspath(PACKAGE)]
    while waiting:
        folder = waiting.pop()
        yield folder
        with os.scandir(folder) as entries:
            within = [entry.path for entry in entries if entry.name not in APART and entry.is_dir()]
        waiting += sorted(within, reverse=True)


def _placed(path: str) -> str:
    """A source's place in the package, the same in every copy of it."""
    return path[len(os.fspath(PACKAGE)) :]


def digest() -> str:
    """Return the hex digest of the sources and onnx's version; OSError where the sources cannot be read."""
    import hashlib

    import onnx

    found = hashlib.sha256(onnx.__version__.encode())
    for path in sources():
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            source = os.read(descriptor, os.fstat(descriptor).st_size + 1)
        finally:
            os.close(descriptor)
        found.update(b"%s\0%d\0" % (os.fsencode(_placed(path)), len(source)))
        found.update(source)
    return found.hexdigest()


def changed_since(moment: float) -> bool:
    """Whether a source may have been changed, added or removed since a moment, in seconds since 1970.

    If so, the modules of this process may differ from the sources of the key, and must not be cached under it. The time
    of the last status change cannot be set by users; Windows has none, so there the time of the last write is used.
    """
    stats = [os.stat(path) for path in [*folders(), *sources()]]
    return max(max(s.st_ctime, s.st_mtime if os.name == "nt" else 0.0) for s in stats) > moment - GRAIN


def made() -> Index:
    """Build the index by importing all rewrites."""
    from graphfix.rewriting.registry import in_preference_order, registry

    remedies: list[tuple[str, str]] = []
    fixes: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for rewrite in in_preference_order(registry().values()):
        if rewrite.last_resort:
            continue
        for cure in rewrite.fixes:
            terms = {name: words for name, words in asdict(cure).items() if words and name != "op"}
            fixes.setdefault(cure.op, []).append((len(remedies), terms))
        remedies.append((rewrite.name, rewrite.safety.value))
    return Index(remedies, fixes)


def kept_at() -> Iterator[Path]:
    """Iterate over the paths at which an index may be stored, the preferred one first."""
    if not sys.dont_write_bytecode:
        with contextlib.suppress(NotImplementedError):  # an implementation without bytecode
            yield Path(cache_from_source(str(PACKAGE / "rewrites" / "__init__.py"))).with_name("remedies.json")
    with contextlib.suppress(RuntimeError):  # a user without a home
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        yield Path(cache, "graphfix", f"remedies-{zlib.crc32(os.fsencode(PACKAGE)):08x}.json")


def _written(path: Path, content: bytes) -> bool:
    """Write a file atomically; return whether that was possible."""
    temporary = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return False
    return True
