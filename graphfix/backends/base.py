"""The compilers that graphfix can ask, found among the modules of this package, and opening a session with one."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Set
from pathlib import Path

from graphfix.errors import UsageError, nearest
from graphfix.ir.records import dataclass
from graphfix.tables.versions import engine

__all__ = [
    "Backend",
    "available",
    "backend",
    "backends",
]


Fallback = Callable[[str, str, Mapping[str, Set[str]]], str]


@dataclass(frozen=True, slots=True)
class Backend:
    """A compiler that graphfix can ask: its names, its packages and what it supports.

    `distributions` are the installed packages, the first one's version is the compiler's; `requires` are the pinned
    packages of an interpreter of its own, whose version lies in `pythons` (lowest, highest); `runs_here` tells whether
    its artifacts can run on this kind of machine; `artifact` is their suffix; `needs_sizes` tells whether it builds for
    given sizes where dims are dynamic; `capabilities` are the GPU generations it builds for. `fallback` returns the sort
    of fallback that runs an operation, from its kind, its implementation, and the implementations seen by kind; empty
    for none. It is None where the compiler does not report what runs a node. `runs_unwritten` tells whether it accepts
    models that it runs but cannot write to a file, `resizes` whether its compiled models are run at other sizes of their
    dynamic dims. `simplifies` tells whether it has a simplifier, which the option `onnxsim` of a request switches.
    `delegates` tells whether it leaves nodes to the CPU, which the option `wholly` of a request makes a rejection. `of_torch`
    tells whether it takes ExportedPrograms of torch in place of ONNX models.
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
    runs_unwritten: bool = False
    resizes: bool = False
    simplifies: bool = False
    delegates: bool = False
    of_torch: bool = False


@functools.cache
def backends() -> dict[str, Backend]:
    """Return the backend of every adapter file in this package, by its name."""
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
                runs_unwritten=getattr(module, "RUNS_UNWRITTEN", False),
                resizes=getattr(module, "RESIZES", False),
                simplifies=getattr(module, "SIMPLIFIES", False),
                delegates=getattr(module, "DELEGATES", False),
                of_torch=getattr(module, "OF_TORCH", False),
            )
    return found


def onnx_backends() -> list[str]:
    """Return the names of the backends that take ONNX models."""
    return [name for name, one in backends().items() if not one.of_torch]


def backend(name: str) -> Backend:
    """Return the backend of `T` or `T@VERSION`, or of the target that it is based on; raises UsageError for an unknown name."""
    name = name.partition("@")[0]
    try:
        return backends()[engine(name)]
    except KeyError:
        raise UsageError(f"no backend is called `{name}`", hint=nearest(name, backends())) from None


def available(name: str) -> str | None:
    """Return the named compiler's version in this interpreter, from package metadata; None when it is not installed."""
    import importlib.metadata

    found = []
    for distribution in backend(name).distributions:
        try:
            found.append(importlib.metadata.version(distribution))
        except importlib.metadata.PackageNotFoundError:
            return None
    return found[0]
