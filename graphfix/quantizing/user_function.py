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
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
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
            last = (done.stderr.strip().splitlines() or ["it failed without a message"])[-1]
            raise UsageError(f"it failed: {last}", path=source, hint="it is called without arguments, and yields the inputs")
        found = []
        for path in sorted(Path(folder).glob("*.npz")):
            with np.load(path, allow_pickle=False) as archive:
                found.append({key.removeprefix("in:"): archive[key] for key in archive.files})
        return found
