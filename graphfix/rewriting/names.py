"""The names of the rewrites with their modules, read from the files that are called after them: importing all takes long."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

PACKAGE = "graphfix.rewrites"
"""The package in which rewrites are found, by name, because rewrites import this package and not the reverse."""


@functools.cache
def rewrite_modules() -> Mapping[str, str]:
    """Return the module of every rewrite by the rewrite's name, sorted."""
    spec = find_spec(PACKAGE)
    roots = spec.submodule_search_locations if spec is not None and spec.submodule_search_locations is not None else ()
    return dict(sorted(found for root in roots for found in _within(root, PACKAGE)))


def is_rewrite(word: str) -> bool:
    """Whether a word is the name of a rewrite; their files are read for a word in lower case only, as all names are."""
    return word.islower() and word in rewrite_modules()


def _within(folder: str, package: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, dot, ending = entry.name.partition(".")
            if not dot and entry.is_dir() and stem != "__pycache__":
                yield from _within(entry.path, f"{package}.{stem}")
            elif ending == "py":
                name = stem.replace("_", "-")
                with open(entry.path, "rb") as file:
                    if f'name = "{name}"'.encode() in file.read():
                        yield name, f"{package}.{stem}"
