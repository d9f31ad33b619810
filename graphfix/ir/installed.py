"""Where installed distributions keep their metadata, found by the names of folders: a tenth of importing `importlib.metadata`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator


def installed(name: str) -> Iterator[tuple[str, str]]:
    """Yield the versions of a distribution that are found on the path, the one that is imported first, and their folders."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:  # a zip file, or no longer there
            continue
        for each in names:
            if each.startswith(f"{name}-") and each.endswith(".dist-info"):
                yield each[len(name) + 1 : -len(".dist-info")], os.path.join(folder, each)
