"""TensorRT: its own ONNX parser and an ahead-of-time engine build.

TensorRT-RTX has both, and builds for given GPU generations on a machine without a GPU. On a machine with an NVIDIA GPU
and the `tensorrt` package, that package is used and builds for the GPU.

Options: `profiles`, the least, usual and greatest shape by input name; `capabilities`, such as `8.6,8.9`.
"""

from __future__ import annotations

import importlib
import importlib.util
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
DEFAULT_CAPABILITY = "8.6"  # the one that tables are measured for

NODE = re.compile(r"\(I\w+Layer (\S+?)(?:_OutputLayer)?[ :]|(\S+) has no runners|IDequantizeLayer (\S+) has")


def blamed(message: str) -> list[str]:
    """Return the layers that a builder's message names; layers of nodes without a name are named after their output."""
    names = [next(filter(None, found)).removeprefix("node_of_") for found in NODE.findall(message)]
    return list(dict.fromkeys(names))


def has_gpu() -> bool:
    """Whether the `tensorrt` package is installed and there is a GPU to build for."""
    return os.path.exists("/dev/nvidiactl") and importlib.util.find_spec("tensorrt") is not None


def _flat(value: Any) -> list[int]:
    """The integers of a nested list, or of one integer."""
    if isinstance(value, list | tuple):
        return [number for one in value for number in _flat(one)]
    return [int(value)]


def _profile(builder: Any, network: Any, request: dict[str, Any], given: dict[str, Any]) -> Any:
    """The optimization profile of all dynamic dims and shape tensors; 1 where no size is given."""
    profile = builder.create_optimization_profile()
    bounds = request["options"].get("profiles", {})
    for at in range(network.num_inputs):
        tensor = network.get_input(at)
        name, known = tensor.name, given.get(tensor.name)
        if tensor.is_shape_tensor:
            value = request["values"].get(name, None if known is None else known.reshape(-1).tolist())
            count = max(1, abs(tensor.shape[0])) if len(tensor.shape) else 1
            wanted = [1] * count if value is None else _flat(value)
            profile.set_shape_input(name, wanted, wanted, wanted)
        elif -1 in tuple(tensor.shape):
            shape = request["shapes"].get(name, None if known is None else known.shape)
            shape = tuple(shape) if shape is not None else tuple(max(size, 1) for size in tensor.shape)
            profile.set_shape(name, *map(tuple, bounds.get(name, (shape, shape, shape))))
    return profile


def _config(trt: Any, builder: Any, request: dict[str, Any]) -> Any:
    """The builder configuration, with the compute capabilities where the package supports a choice."""
    config = builder.create_builder_config()
    if hasattr(config, "num_compute_capabilities"):
        wanted = str(request["options"].get("capabilities") or DEFAULT_CAPABILITY).split(",")
        config.num_compute_capabilities = len(wanted)
        for at, one in enumerate(wanted):
            config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{one.replace('.', '')}"), at)
    return config


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the builder; returns the function that answers one request."""
    trt: Any = importlib.import_module("tensorrt" if has_gpu() else "tensorrt_rtx_bindings")

    class Errors(trt.ILogger):  # type: ignore[misc]  # the bindings carry no types
        """A logger that keeps the messages at error level."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.messages: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            """Keep a message at error level."""
            if severity <= trt.ILogger.Severity.ERROR:
                self.messages.append(message)

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        errors = Errors()
        builder = trt.Builder(errors)
        network = builder.create_network()
        parser = trt.OnnxParser(network, errors)
        if not parser.parse_from_file(request["model"]):
            found = [parser.get_error(at) for at in range(parser.num_errors)]
            said = " | ".join(f"{error.node_operator()}: {error.desc()}" for error in found)
            names = [error.node_name() or error.node_operator() for error in found]
            return {"stage": "convert", "message": said, "nodes": [n for n in dict.fromkeys(names) if n]}
        config = _config(trt, builder, request)
        config.add_optimization_profile(_profile(builder, network, request, given))
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            said = " | ".join(errors.messages)
            return {"stage": "build", "message": said, "nodes": blamed(said)}

        def write(path: str) -> None:
            with open(path, "wb") as sink:
                sink.write(engine)

        return {"stage": "ok", "write": write}

    return ask
