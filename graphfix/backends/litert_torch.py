"""litert-torch: converts an ExportedProgram of torch to a .tflite file without ONNX, and runs it in LiteRT."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

NAME = "litert-torch"
TITLE = "LiteRT Torch"
DISTRIBUTIONS = ("litert-torch", "torch")
INSTALL = "graphfix backends install litert-torch"
REQUIRES = ("litert-torch==0.10.0", "torch==2.13.0")
PYTHONS = ((3, 11), (3, 13))
RUNS_HERE = True
OF_TORCH = True
ARTIFACT = ".tflite"


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import torch and litert-torch; the function answers one request."""
    for needed in ("torch", "litert_torch"):
        importlib.import_module(needed)
    return ask


def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Convert the request's ExportedProgram; the answer's functions write the file and run it."""
    torch, litert_torch = importlib.import_module("torch"), importlib.import_module("litert_torch")
    stage = "load"
    try:
        program = torch.export.load(request["model"])
        stage = "convert"
        args, kwargs = program.example_inputs
        made = litert_torch.convert(program.module(), args, kwargs or None)
    except Exception as error:
        return {"stage": stage, "message": f"{type(error).__name__}: {error}", "nodes": []}
    return {"stage": "ok", "write": made.export, "run": functools.partial(run, made, list(given))}


def run(made: Any, names: Sequence[str], given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a converted model, numbered; its inputs are given in order."""
    found = made(*(given[name] for name in names))
    flat = found if isinstance(found, (list, tuple)) else [found]
    return [(str(number), one) for number, one in enumerate(flat)]
