"""Inputs from a function of the user, which runs in a process of its own: graphfix imports no framework that it may need."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from graphfix.errors import UsageError

SECONDS = 600.0
COLLECT = """
import importlib, importlib.util, itertools, os, sys
import numpy as np
module, name, folder, most = sys.argv[1:]
sys.path.insert(0, os.getcwd())
if module.endswith(".py"):
    spec = importlib.util.spec_from_file_location("calibration", module)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
else:
    loaded = importlib.import_module(module)
if not hasattr(loaded, name):
    sys.exit(f"`{module}` has no `{name}`")
def plain(value):
    if isinstance(value, tuple):
        sys.exit("it yields tuples; yield the inputs alone, as a mapping where there are several")
    array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    if array.dtype.kind not in "biufc":
        sys.exit(f"it yields {type(value).__name__}, which is no array of numbers")
    return array
for place, sample in enumerate(itertools.islice(getattr(loaded, name)(), int(most))):
    named = dict(sample) if hasattr(sample, "keys") else {"": sample}
    np.savez(os.path.join(folder, f"{place:06}.npz"), **{"in:" + key: plain(value) for key, value in named.items()})
"""


def arrays_of_function(source: str, most: int) -> list[dict[str, Any]]:
    """Return what `module:function` yields: mappings of arrays by input name, or arrays of the only input.

    Raises:
        UsageError: it cannot be imported, fails, or yields something else than arrays.
    """
    module, _, name = source.rpartition(":")
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        command = [sys.executable, "-c", COLLECT, module, name, folder, str(most)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise UsageError(f"it did not end within {SECONDS:g} s", path=source) from error
        if done.returncode:
            hint = "it is called without arguments, and yields the inputs"
            raise UsageError(f"it failed: {_last_words(done.stderr)}", path=source, hint=hint)
        found = []
        for path in sorted(Path(folder).glob("*.npz")):
            with np.load(path, allow_pickle=False) as archive:
                found.append({key.removeprefix("in:"): archive[key] for key in archive.files})
        return found


def _last_words(text: str) -> str:
    """Return the message of an exception: what follows the last indented line of its traceback, on one line."""
    lines = text.strip().splitlines()
    start = next((place + 1 for place in range(len(lines) - 1, -1, -1) if lines[place].startswith("  ")), 0)
    return " ".join(" ".join(lines[start:] or lines[-1:]).split())[:300] or "without a message"
