"""The memory of this machine, and the part of it that a command may take: beyond it the system ends other programs."""

from __future__ import annotations

import contextlib
import os

SHARE = 0.9
"""The part of the machine's memory that a command may take for itself."""


def usable_memory() -> int | None:
    """Return the bytes that a command may take; None where the system does not say how much memory it has."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return int(SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return None


def bound_memory() -> None:
    """Let this process get no more memory than it may take, where the system has such limits; a lower one holds."""
    usable = usable_memory()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if usable is not None and (soft == resource.RLIM_INFINITY or soft > usable):
            resource.setrlimit(resource.RLIMIT_DATA, (usable, hard))
