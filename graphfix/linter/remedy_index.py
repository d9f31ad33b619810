"""The index of remedies: which rewrite cures which finding, known without importing a rewrite.

Importing all rewrites takes longer than judging most models, and a finding only wants the name of one. So what they
declare is written down once and read from then on. The index is to rewrites what bytecode is to source: nobody writes it
by hand, so a new rewrite is still one file, and it lies where bytecode lies, in the package's `__pycache__`, or in the
user's cache where that takes no files.

It is taken from the rewrites themselves, imported this once: what they declare is often computed, so no reader of their
source could tell. It holds under a key over the contents of every source that a declaration may hang on: sizes and times
are kept by copies, containers and reproducible packages where contents differ. The contents are not read again as long as
every file is in the state that was noted, by the time of its last change, which nobody can set; an index of other sources is
never believed, wherever it came from. Where no file can be written the rewrites are imported each time, which costs time
and nothing else. A build of the package does not make the index: it is isolated, without onnx and numpy, and no rewrite
can be imported there.
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

from graphfix.linter.cures import COMPOSED, Cure
from graphfix.linter.diagnostics import Remedy
from graphfix.version import IMPORTED

PACKAGE = Path(sys.modules["graphfix"].__path__[0])
"""Where the sources are that a rewrite's declarations may hang on, in all of its folders but those in `APART`."""
APART = frozenset({"__pycache__", "api", "backends", "cli", "commands", "lowering", "probe", "report"})
"""Folders of the package that stand above the rewrites: no declaration hangs on what is in them."""
GRAIN = 1.0
"""Seconds by which the time of a file may lag behind that of the process that changed it."""


@dataclass(frozen=True, slots=True)
class Index:
    """The remedies in the order of preference, last resorts left out, and by operator the place and terms of each cure."""

    remedies: Sequence[tuple[str, str]]
    cures: Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]]

    def first(self, op: str, kind: str, code: str, traits: tuple[str, ...] | None = None) -> Remedy | None:
        """The first remedy that answers a finding."""
        places = (
            place
            for word in {op, "*", COMPOSED}
            for place, terms in self.cures.get(word, ())
            if Cure(word, **terms).answers(op, kind, code, traits)
        )
        place = min(places, default=None)
        return None if place is None else Remedy(*self.remedies[place])


@functools.cache
def remedy(op: str, kind: str, code: str, traits: tuple[str, ...] | None = None) -> Remedy | None:
    """The rewrite to name in a finding; None where nothing is known to be wrong, or only a last resort is left."""
    return None if kind in ("undecided", "unmeasured") else index().first(op, kind, code, traits)


@functools.cache
def index() -> Index:
    """The index that was written down for these sources, else one made now, and written down where that is safe."""
    import onnx

    try:
        states = states_now()
        notes = [note for note in map(_read, kept_at()) if note is not None]
        for note in notes:
            if states and note["states"] == states and note["onnx"] == onnx.__version__:
                return Index(note["remedies"], note["cures"])
        key = digest()
    except OSError:  # the package is not made of files, as in an archive
        return made()
    found = next((Index(note["remedies"], note["cures"]) for note in notes if note["key"] == key), None) or made()
    if not changed_since(IMPORTED):  # else the sources may be others by now than this process runs
        content = json.dumps({"key": key, "onnx": onnx.__version__, "states": states, **asdict(found)}).encode()
        any(_written(path, content) for path in kept_at())
    return found


def _read(path: Path) -> dict[str, Any] | None:
    """What was written down; None where nothing was, or something else."""
    with contextlib.suppress(OSError, ValueError):
        note = json.loads(path.read_bytes())
        if isinstance(note, dict) and note.keys() == {"key", "onnx", "states", *(one.name for one in fields(Index))}:
            return note
    return None


def states_now() -> list[int]:
    """What changes with every change of a source: names, inodes, sizes, times; nothing where a system lacks such times."""
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
    """The hex digest of everything that the index is made from; OSError where the sources cannot be read."""
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
    """Whether a source may have changed, come or gone since a moment, in seconds since 1970.

    If so, what this process has imported may not be what the key now stands for, and must not be kept under it. The time of
    the last change of state cannot be set by hand; Windows has none, and has to do with that of the last write.
    """
    stats = [os.stat(path) for path in [*folders(), *sources()]]
    return max(max(s.st_ctime, s.st_mtime if os.name == "nt" else 0.0) for s in stats) > moment - GRAIN


def made() -> Index:
    """The index of the rewrites that are there; imports them all."""
    from graphfix.rewriting.registry import preferred, registry

    remedies: list[tuple[str, str]] = []
    cures: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for rewrite in preferred(registry().values()):
        if rewrite.last_resort:
            continue
        for cure in rewrite.cures:
            terms = {name: words for name, words in asdict(cure).items() if words and name != "op"}
            cures.setdefault(cure.op, []).append((len(remedies), terms))
        remedies.append((rewrite.name, rewrite.safety.value))
    return Index(remedies, cures)


def kept_at() -> Iterator[Path]:
    """Where an index may lie, the first choice first."""
    if not sys.dont_write_bytecode:
        with contextlib.suppress(NotImplementedError):  # an implementation without bytecode
            yield Path(cache_from_source(str(PACKAGE / "rewrites" / "__init__.py"))).with_name("remedies.json")
    with contextlib.suppress(RuntimeError):  # a user without a home
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        yield Path(cache, "graphfix", f"remedies-{zlib.crc32(os.fsencode(PACKAGE)):08x}.json")


def _written(path: Path, content: bytes) -> bool:
    """Put a file in place, whole or not at all; whether that was possible."""
    beside = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError:
        return False
    return True
