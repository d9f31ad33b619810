"""Conversion of a source by a target's own converter, without ONNX, in the worker of its framework, and its comparison."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphfix.backends.toolchain import find
from graphfix.lowering.attempts import build_request, refused
from graphfix.lowering.conversion import MISSING, Conversion, Converter
from graphfix.lowering.direct_runs import FEEDS, RESULTS
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.proof import compare_outputs
from graphfix.lowering.source import Source
from graphfix.lowering.workshop import FrameworkWorkers
from graphfix.verify.compare import Difference, Verification

METHOD = "the converted model against the framework, rtol {rtol:g}, atol {atol:g} of each output's scale"


def convert_directly(
    source: Source,
    instructions: Instructions,
    converter: Converter,
    folder: Path,
    ask: Callable[[Mapping[str, Any]], dict[str, Any]],
    version: str | None,
) -> Conversion:
    """Convert a source into `folder` by one converter, in the worker that `ask` sends requests to.

    `version` is that of the converter, None where it is not installed.
    """
    if version is None:
        return Conversion(converter, MISSING)
    folder.mkdir()
    request = {**build_request(source, instructions, converter.name, folder), "artifact": converter.file}
    answer = ask(request)
    refused(answer, source)
    made = Conversion(converter, answer["stage"], float(answer["seconds"]), version)
    if answer["stage"] != "ok":
        return dataclasses.replace(
            made, failure={key: answer.get(key) for key in ("message", "file", "line", "module", "op", "cure")}
        )
    return dataclasses.replace(
        made,
        artifact=folder / converter.file,
        verification=verified_runs(instructions, answer, folder),
        delegated=answer.get("delegated"),
    )


def convert_with(
    workers: FrameworkWorkers, source: Source, converter: Converter, folder: Path, progress: Callable[[str], None]
) -> Conversion:
    """Convert a source by one converter in the worker of its framework, or in an environment that has the converter."""
    progress(f"converting {source.text} with {converter.name}")
    with contextlib.ExitStack() as stack:
        version = next(filter(None, map(workers.version_of, converter.distributions)), None)
        found = find(converter.backend) if version is None and converter.backend and workers.instructions.python is None else None
        if found is not None:
            own = dataclasses.replace(workers.instructions, python=found.python)
            workers, version = stack.enter_context(FrameworkWorkers(own, exports=False)), found.version
        ask = functools.partial(workers.ask, converter.framework)
        return convert_directly(source, workers.instructions, converter, folder / f"{converter.name}-direct", ask, version)


def verified_runs(instructions: Instructions, answer: Mapping[str, Any], folder: Path) -> Verification:
    """Compare what the worker saved of each run; one that the converted model alone fails on is a difference."""
    worst, count = Difference(), 0
    with np.load(folder / FEEDS, allow_pickle=False) as wanted, np.load(folder / RESULTS, allow_pickle=False) as got:
        for number, label in enumerate(answer["runs"] if answer["ran"] else ()):
            failed = answer["failed"].get(str(number))
            if failed is not None:
                difference = Difference(float("inf"), float("inf"), 0.0, f"it fails: {failed}")
            else:
                outputs = (_outputs(arrays, number) for arrays in (wanted, got))
                difference = compare_outputs(*outputs, rtol=instructions.rtol, atol=instructions.atol)
            if difference.reason is not None and worst.reason is None:
                difference = dataclasses.replace(difference, reason=f"on {label}: {difference.reason}")
            worst, count = worst.worse(difference), count + 1
    return worst.verdict(count, METHOD)


def _outputs(arrays: Any, number: int) -> list[Any]:
    prefix = f"{number}/out/"
    return [arrays[f"{prefix}{at}"] for at in range(sum(name.startswith(prefix) for name in arrays.files))]
