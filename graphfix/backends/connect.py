"""Sessions with installed compilers, found in this interpreter, in a named one, or in the cache of toolchains."""

from __future__ import annotations

import sys

from graphfix.backends.base import available, backend
from graphfix.backends.session import Session
from graphfix.backends.toolchain import find
from graphfix.errors import BackendError
from graphfix.tables.deployment import parted
from graphfix.tables.versions import canonical_target


def open_target(target: str, *, deadline: float = 300.0, memory_gib: float = 6.0) -> Session:
    """A session with the compiler that `T` or `T@VERSION` means; BackendError with the cure when it is not installed."""
    target = canonical_target(target)
    name, _, version = target.partition("@")
    wanted, found = backend(name), find(name, version or None)
    if found is None:
        cure = f"graphfix backends install {wanted.name}@{version}" if version else wanted.install
        raise BackendError(f"{wanted.title} {version}".strip() + " is not installed", hint=f"install it with `{cure}`")
    return open_backend(target, python=found.python, deadline=deadline, memory_gib=memory_gib)


def open_backend(name: str, *, python: str | None = None, deadline: float = 60.0, memory_gib: float = 6.0) -> Session:
    """A session with the named compiler, in `python` or else where its toolchain is found.

    After an `@` the name may have the deployment target to build for. `deadline` is in seconds a question, `memory_gib` bounds
    what one question may hold. BackendError when the compiler is nowhere, or cannot be imported there.
    """
    chosen = backend(name)
    _, deployment = parted(chosen.name, name.partition("@")[2])
    if python is None and available(name) is None:
        found = find(name)
        if found is None:
            raise BackendError(f"{chosen.title} is not installed", hint=f"install it with `{chosen.install}`")
        python = found.python
    return Session(
        chosen.adapter,
        python=python or sys.executable,
        deadline=deadline,
        memory_gib=memory_gib,
        hint=f"install it with `{chosen.install}`",
        deployment=deployment,
    )
