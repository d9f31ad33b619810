"""The compilers graphfix can ask, found by walking this package, and how to open a session with one."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import pkgutil
import sys
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from graphfix.backends.session import Session
from graphfix.backends.verdict import Numerics, Stage, Verdict
from graphfix.errors import BackendError, UsageError, nearest

__all__ = [
    "Backend",
    "Numerics",
    "Session",
    "Stage",
    "Verdict",
    "available",
    "backend",
    "backends",
    "open_backend",
]


Fallback = Callable[[str, str, Mapping[str, Set[str]]], str]


@dataclass(frozen=True, slots=True)
class Backend:
    """A compiler graphfix can ask: its names, versions and where it runs.

    `distributions` are looked up for versions, the first one's counts; `requires` are the pinned packages for
    an interpreter of its own, whose version lies in `pythons` (lowest, highest); `runs_here` tells whether
    what it compiles can be run on this kind of machine; `artifact` is the suffix of what it writes; `needs_sizes`
    tells whether it builds for stated sizes where dims are free, `capabilities` are the GPU generations it builds for.
    `fallback` tells the sort of fallback that carries out an operation, from what it is called, what runs it, and what was
    seen to run those that are called the same; empty where it is none. None where the compiler does not tell what runs a node.
    """

    name: str
    title: str
    distributions: tuple[str, ...]
    install: str
    requires: tuple[str, ...]
    pythons: tuple[tuple[int, int], tuple[int, int]]
    runs_here: bool
    artifact: str
    adapter: Path
    needs_sizes: bool = False
    capabilities: tuple[str, ...] = ()
    fallback: Fallback | None = None


@functools.cache
def backends() -> dict[str, Backend]:
    """Every adapter file in this package, by the backend's name."""
    package = importlib.import_module("graphfix.backends")
    found = {}
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        if hasattr(module, "start") and hasattr(module, "DISTRIBUTIONS"):
            found[module.NAME] = Backend(
                name=module.NAME,
                title=module.TITLE,
                distributions=module.DISTRIBUTIONS,
                install=module.INSTALL,
                requires=module.REQUIRES,
                pythons=module.PYTHONS,
                runs_here=module.RUNS_HERE,
                artifact=module.ARTIFACT,
                adapter=Path(str(module.__file__)),
                needs_sizes=getattr(module, "NEEDS_SIZES", False),
                capabilities=getattr(module, "CAPABILITIES", ()),
                fallback=getattr(module, "fallback", None),
            )
    return found


def backend(name: str) -> Backend:
    """The backend of that name; UsageError otherwise."""
    try:
        return backends()[name]
    except KeyError:
        raise UsageError(f"no backend is called `{name}`", cure=nearest(name, backends())) from None


def open_backend(name: str, *, python: str | None = None, deadline: float = 60.0, memory_gib: float = 6.0) -> Session:
    """A session with the named compiler, in `python` or else where its toolchain is found.

    `deadline` is in seconds a question, `memory_gib` bounds what one question may hold. BackendError when the
    compiler is nowhere, or cannot be imported there.
    """
    chosen = backend(name)
    if python is None and available(name) is None:
        from graphfix.backends import toolchain  # it builds on this module

        found = toolchain.find(name)
        if found is None:
            raise BackendError(f"{chosen.title} is not installed", cure=f"install it with `{chosen.install}`")
        python = found.python
    return Session(
        chosen.adapter,
        python=python or sys.executable,
        deadline=deadline,
        memory_gib=memory_gib,
        hint=f"install it with `{chosen.install}`",
    )


def available(name: str) -> str | None:
    """The named compiler's version in this interpreter, from metadata alone; None when it is not here."""
    found = []
    for distribution in backend(name).distributions:
        try:
            found.append(importlib.metadata.version(distribution))
        except importlib.metadata.PackageNotFoundError:
            return None
    return found[0]
