"""TensorRT: its own ONNX parser and an ahead-of-time engine build.

TensorRT-RTX carries both, and builds for named GPU generations without having one. On a machine with an NVIDIA GPU
and the `tensorrt` package, that builds for the GPU instead.

Options: `profiles`, for an input's name its least, usual and greatest shape; `capabilities`, such as `8.6,8.9`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import os
import re
from collections.abc import Callable
from typing import Any

NAME = "tensorrt"
TITLE = "TensorRT (TensorRT-RTX, built ahead of time)"
DISTRIBUTIONS = ("tensorrt-rtx-cu12-bindings", "tensorrt-rtx-cu12-libs")
INSTALL = "pip install 'graphfix[tensorrt]'"
REQUIRES = ("tensorrt-rtx-cu12-bindings==1.7.1.116", "tensorrt-rtx-cu12-libs==1.7.1.116", "numpy")
PYTHONS = ((3, 9), (3, 13))
RUNS_HERE = False
ARTIFACT = ".engine"
NEEDS_SIZES = True
CAPABILITIES = ("7.5", "8.0", "8.6", "8.9", "12.0", "12.1")
USUAL = "8.6"  # what tables are measured for

NODE = re.compile(r"\(I\w+Layer (\S+?)(?:_OutputLayer)?[ :]|(\S+) has no runners|IDequantizeLayer (\S+) has")


def blamed(message: str) -> list[str]:
    """Layers named in the builder's words; those of nameless nodes are called after their output."""
    names = [next(filter(None, found)).removeprefix("node_of_") for found in NODE.findall(message)]
    return list(dict.fromkeys(names))


def has_gpu() -> bool:
    """Whether TensorRT proper and a GPU to build for are here."""
    return os.path.exists("/dev/nvidiactl") and importlib.util.find_spec("tensorrt") is not None


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the builder; the function answers one request."""
    trt: Any = importlib.import_module("tensorrt" if has_gpu() else "tensorrt_rtx_bindings")

    class Errors(trt.ILogger):  # type: ignore[misc]  # the bindings carry no types
        """Keeps what the builder says at error level."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.said: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            """Note one message."""
            if severity <= trt.ILogger.Severity.ERROR:
                self.said.append(message)

    return functools.partial(ask, trt, Errors)


def ask(trt: Any, errors_of: Callable[[], Any], request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Parse the request's model and build an engine; `errors_of` makes a logger that keeps what is said."""
    errors = errors_of()
    builder = trt.Builder(errors)
    network = builder.create_network()
    parser = trt.OnnxParser(network, errors)
    if not parser.parse_from_file(request["model"]):
        return unparsed(parser)
    config = settings(trt, builder, request)
    config.add_optimization_profile(profile_of(builder, network, request, given))
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        said = " | ".join(errors.said)
        return {"stage": "build", "message": said, "nodes": blamed(said)}
    arithmetic = None
    if "precision" in request["options"]:
        arithmetic = "tf32" if config.get_flag(trt.BuilderFlag.TF32) else "f32"
    return {"stage": "ok", "write": functools.partial(write, engine), "arithmetic": arithmetic}


def unparsed(parser: Any) -> dict[str, Any]:
    """The answer about a model that the parser refused, with its reasons."""
    found = [parser.get_error(at) for at in range(parser.num_errors)]
    said = " | ".join(f"{error.node_operator()}: {error.desc()}" for error in found)
    names = [error.node_name() or error.node_operator() for error in found]
    return {"stage": "convert", "message": said, "nodes": [n for n in dict.fromkeys(names) if n]}


def settings(trt: Any, builder: Any, request: dict[str, Any]) -> Any:
    """The build's configuration: one or several GPU generations where there is a choice."""
    config = builder.create_builder_config()
    if hasattr(config, "num_compute_capabilities"):
        wanted = str(request["options"].get("capabilities") or USUAL).split(",")
        config.num_compute_capabilities = len(wanted)
        for at, one in enumerate(wanted):
            config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{one.replace('.', '')}"), at)
    return config


def profile_of(builder: Any, network: Any, request: dict[str, Any], given: dict[str, Any]) -> Any:
    """Bounds and shape values for every input that has dynamic dims or is a shape itself; 1 where nobody says."""
    profile = builder.create_optimization_profile()
    bounds = request["options"].get("profiles", {})
    for at in range(network.num_inputs):
        tensor = network.get_input(at)
        name, known = tensor.name, given.get(tensor.name)
        if tensor.is_shape_tensor:
            value = request["values"].get(name, None if known is None else known.reshape(-1).tolist())
            count = math.prod(max(1, size) for size in tensor.shape)
            wanted = [1] * count if value is None else flat(value)
            profile.set_shape_input(name, wanted, wanted, wanted)
        elif -1 in tuple(tensor.shape):
            shape = request["shapes"].get(name, None if known is None else known.shape)
            shape = tuple(shape) if shape is not None else tuple(max(size, 1) for size in tensor.shape)
            profile.set_shape(name, *map(tuple, bounds.get(name, (shape, shape, shape))))
    return profile


def flat(value: Any) -> list[int]:
    """The numbers of a nested list."""
    if isinstance(value, list):
        return [number for one in value for number in flat(one)]
    return [int(value)]


def write(engine: Any, path: str) -> None:
    """Write a serialised engine."""
    with open(path, "wb") as sink:
        sink.write(engine)
