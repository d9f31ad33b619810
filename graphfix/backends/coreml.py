"""Core ML: `onnx2coreml` over Core ML Tools, converting to an ML Program."""

from __future__ import annotations

import functools
import importlib
import logging
import re
import sys
from collections.abc import Callable
from typing import Any

NAME = "coreml"
TITLE = "Core ML (ML Program)"
DISTRIBUTIONS = ("onnx2coreml", "coremltools")
INSTALL = "pip install 'graphfix[coreml]'"
REQUIRES = ("onnx2coreml==1.1.0", "coremltools==9.0")
PYTHONS = ((3, 10), (3, 13))
RUNS_HERE = False
ARTIFACT = ".mlpackage"

FRAMEWORKS = ("torch", "tensorflow")

MISSING = re.compile(r"([\w.:]+) \(\d+ node\(s\), e\.g\. ")
NODE = re.compile(r"Failed to lower node '([^'<]+)'")


def blamed(message: str) -> list[str]:
    """Return the operators without a lowering, or the node whose lowering failed."""
    return list(dict.fromkeys(MISSING.findall(message) or NODE.findall(message)))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the converter; returns the function that answers one request."""
    logging.disable(logging.WARNING)  # progress messages, and warnings about the missing Apple frameworks
    # Core ML Tools imports the frameworks that are installed, for converters of its own that are not used here.
    for framework in FRAMEWORKS:
        sys.modules.setdefault(framework, None)  # type: ignore[arg-type]
    importlib.import_module("onnx2coreml")
    return ask


def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Convert the request's model."""
    import onnx
    import onnx2coreml

    try:
        model = onnx.load(request["model"])
    except Exception as error:
        return {"stage": "load", "message": f"{type(error).__name__}: {error}"}
    try:
        for value in model.graph.input:
            for dim, size in zip(value.type.tensor_type.shape.dim, request["shapes"].get(value.name, ())):  # noqa: B905
                dim.dim_value = size
        precision, deployment = (request["options"].get(name) for name in ("precision", "deployment_target"))
        build = functools.partial(built_for, deployment) if deployment else onnx2coreml.convert
        converted = build(model, compute_precision=precision)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return {"stage": "convert", "message": said, "nodes": blamed(said)}
    arithmetic = arithmetic_of(converted) if "precision" in request["options"] else None
    return {"stage": "ok", "write": converted.save, "arithmetic": arithmetic}


def built_for(deployment: str, model: Any, *, compute_precision: str | None) -> Any:
    """The program for a deployment target as Core ML Tools calls it: onnx2coreml's own function has no name for the newest."""
    import coremltools
    import onnx
    import onnx2coreml

    onnx.checker.check_model(model)
    target = getattr(coremltools.target, deployment)
    precision = coremltools.precision.FLOAT32 if compute_precision == "fp32" else coremltools.precision.FLOAT16
    program = onnx2coreml.Converter().to_mil(model, target=target, precision=precision)
    return coremltools.convert(program, convert_to="mlprogram", minimum_deployment_target=target, compute_precision=precision)


def arithmetic_of(converted: Any) -> str:
    """Return the float dtypes of a program's operations, joined by `+`: `fp16`, `fp32` or both."""
    functions = converted.get_spec().mlProgram.functions.values()
    blocks = [block for function in functions for block in function.block_specializations.values()]
    operations = [one for block in blocks for one in block.operations if one.type not in ("const", "cast")]
    codes = {out.type.tensorType.dataType for one in operations for out in one.outputs}
    return "+".join(name for code, name in ((10, "fp16"), (11, "fp32")) if code in codes)
