"""Registry of all rewrites by name, and lookup of those that a finding calls for.

A module defines a rewrite if the module's name, with dashes, is the name of a rewrite in it. Shared modules beside them,
which the rewrites use, are not imported by the registry.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import ModuleType

from graphfix.rewriting.names import PACKAGE, rewrite_modules
from graphfix.rewriting.rewrite import Rewrite


@functools.cache
def registry() -> Mapping[str, Rewrite]:
    """Return every rewrite under graphfix/rewrites/ by name, found by walking the package and its subpackages."""
    package = importlib.import_module(PACKAGE)
    return dict(sorted((rewrite.name, rewrite) for module in modules(package) for rewrite in defined(module)))


def rewrite_named(name: str) -> Rewrite:
    """Return one rewrite, without importing the others."""
    module = importlib.import_module(rewrite_modules()[name])
    return next(rewrite for rewrite in defined(module) if rewrite.name == name)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield the modules within a package, at any depth, that define a rewrite; other modules are not imported."""
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if info.ispkg:
            yield from modules(importlib.import_module(info.name))
        elif _names_itself(info):
            yield importlib.import_module(info.name)


def defined(module: ModuleType) -> Iterator[Rewrite]:
    """Yield an instance of every rewrite that a module defines."""
    for item in vars(module).values():
        own = inspect.isclass(item) and issubclass(item, Rewrite) and item.__module__ == module.__name__
        if own and not inspect.isabstract(item):
            yield item()


def _names_itself(info: pkgutil.ModuleInfo) -> bool:
    """Whether a module's source contains a rewrite name equal to its own; True where no source is available."""
    spec = info.module_finder.find_spec(info.name, None)
    get_source = getattr(spec.loader if spec is not None else None, "get_source", None)
    source = get_source(info.name) if get_source is not None else None
    return source is None or f'name = "{info.name.rpartition(".")[2].replace("_", "-")}"' in source


def rewrites_for(op: str, kind: str, code: str, traits: Collection[str] | None = None) -> list[Rewrite]:
    """Return the rewrites that a finding calls for, in the order in which they are tried."""
    return in_preference_order(rewrite for rewrite in registry().values() if rewrite.answers(op, kind, code, traits))


def in_preference_order(rewrites: Iterable[Rewrite]) -> list[Rewrite]:
    """Return rewrites in the order in which they are tried: exact, interface, approximate, then last resorts."""
    return sorted(rewrites, key=lambda r: (r.last_resort, r.safety.rank, r.everywhere, r.name))
