"""The steps of a conversion without ONNX, and the runs of what it made, saved beside the framework's own for their comparison.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from graphfix.lowering.steps import Answer, attempted

Compute = Callable[[Sequence[Any]], Sequence[Any]]
"""A function from the arrays of the inputs to those of the outputs."""
Run = tuple[str, Sequence[Any], Sequence[Any]]
"""A run of the framework: its label, the arrays of the inputs and those of the outputs."""
FEEDS, RESULTS = "feeds.npz", "results.npz"
"""The files with the framework's outputs (`K/out/I` of run K) and with those of the converted model."""


def convert(run: Callable[[], tuple[Any, Sequence[Run]]], make: Callable[[Any], Compute | None], folder: str) -> Iterator[Answer]:
    """Run, convert and run again; the last answer has stage `ok`, or `run` or `export` with the failure.

    `run` returns what `make` takes, and the framework's runs; `make` writes the file and returns what runs it, None where that is
    not possible on this machine.
    """
    yield {"stage": "run"}
    ran, failed = attempted("run", run)
    if failed is None:
        yield {"stage": "export"}
        compute, failed = attempted("export", lambda: make(ran[0]))
    if failed is not None:
        yield failed
        return
    lost = save(ran[1], compute, folder)
    labels = [label for label, *_ in ran[1]]
    yield {"stage": "ok", "runs": labels, "failed": lost, "ran": compute is not None, "last": True}


def save(runs: Sequence[Run], compute: Compute | None, folder: str) -> dict[str, str]:
    """Run the converted model on every run's inputs and write both outputs; return the message of each run that failed.

    `compute` is None where the model does not run on this machine.
    """
    wanted = {f"{number}/out/{at}": array for number, (*_, outputs) in enumerate(runs) for at, array in enumerate(outputs)}
    got: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for number, (_, inputs, _) in enumerate(runs if compute is not None else ()):
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
