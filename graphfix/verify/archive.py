"""Arrays of the user from an .npz, read without running anything in it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from graphfix.errors import UsageError


def read_archive(path: Path) -> dict[str, Any]:
    """Return the arrays of an .npz by name.

    Raises:
        UsageError: there is no such file, or it is damaged, no archive, or holds objects.
    """
    import numpy as np

    if not path.is_file():
        raise UsageError("there is no such file", path=path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, BadZipFile, zlib.error) as error:
        kind = "an array alone" if path.suffix == ".npy" else "damaged, or no archive, or it holds objects"
        raise UsageError(f"not an .npz of arrays: {kind}", path=path, hint="save the inputs with numpy.savez") from error
