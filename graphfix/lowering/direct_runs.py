"""The runs of a directly converted model, saved beside the framework's own for their comparison.

Workers load this file where graphfix is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

FEEDS, RESULTS = "feeds.npz", "results.npz"
"""The files with the framework's outputs (`K/out/I` of run K) and with those of the converted model."""


def save(
    runs: Sequence[tuple[Sequence[Any], Sequence[Any]]], compute: Callable[[Sequence[Any]], Sequence[Any]] | None, folder: str
) -> dict[str, str]:
    """Run the converted model on every run's inputs and write both outputs; return the message of each run that failed.

    `compute` is None where the model does not run on this machine.
    """
    wanted = {f"{number}/out/{at}": array for number, (_, outputs) in enumerate(runs) for at, array in enumerate(outputs)}
    got: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for number, (inputs, _) in enumerate(runs if compute is not None else ()):
        assert compute is not None
        try:
            found = compute([np.ascontiguousarray(array) for array in inputs])
        except Exception as error:
            failed[str(number)] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            continue
        got |= {f"{number}/out/{at}": np.asarray(array) for at, array in enumerate(found)}
    for name, arrays in ((FEEDS, wanted), (RESULTS, got)):
        with open(os.path.join(folder, name), "wb") as sink:
            np.savez(sink, **arrays)
            sink.flush()
            os.fsync(sink.fileno())
    return failed
