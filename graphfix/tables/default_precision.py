"""What a compiler computes float32 models in by default, read alone: lint needs no more of the table of precisions."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from graphfix.errors import TableError
from graphfix.tables.table import Table

FILE = "precision/forms.json"
"""Where the facts are, in the folder of a version's table."""


def default_precision(known: Table) -> str:
    """Return the precision on a CPU without features of its own: float32 where nothing else was measured."""
    return _read(known.folder)


@functools.cache
def _read(folder: Path) -> str:
    path = folder / FILE
    try:
        modes = json.loads(path.read_bytes())["arithmetics"]
        return next((str(one["precision"]) for one in modes if one.get("default") and not one.get("requires")), "float32")
    except FileNotFoundError:
        return "float32"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableError(f"not a table of precisions ({error!r})", path=path, hint="reinstall graphfix") from error
