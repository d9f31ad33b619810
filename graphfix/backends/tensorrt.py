"""TensorRT: its own ONNX parser and an ahead-of-time engine build.

TensorRT-RTX carries both, and builds for a named GPU generation without having one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NAME = "tensorrt"
TITLE = "TensorRT (TensorRT-RTX, built ahead of time for SM86)"
DISTRIBUTIONS = ("tensorrt-rtx-cu12-bindings", "tensorrt-rtx-cu12-libs")
INSTALL = "pip install 'graphfix[tensorrt]'"
REQUIRES = ("tensorrt-rtx-cu12-bindings==1.7.1.116", "tensorrt-rtx-cu12-libs==1.7.1.116", "numpy")
PYTHONS = ((3, 9), (3, 13))
RUNS_HERE = False
ARTIFACT = ".engine"

NODE = re.compile(r"\(I\w+Layer (\S+?)(?:_OutputLayer)?[ :]|(\S+) has no runners|IDequantizeLayer (\S+) has")


def blamed(message: str) -> list[str]:
    """Layers named in the builder's words; those of nameless nodes are called after their output."""
    names = [next(filter(None, found)).removeprefix("node_of_") for found in NODE.findall(message)]
    return list(dict.fromkeys(names))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the builder; the function answers one request."""
    import tensorrt_rtx_bindings as trt

    class Errors(trt.ILogger):  # type: ignore[misc]  # the bindings carry no types
        """Keeps what the builder says at error level."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.said: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.Severity.ERROR:
                self.said.append(message)

    def flat(value: Any) -> list[int]:
        if isinstance(value, list | tuple):
            return [number for one in value for number in flat(one)]
        return [int(value)]

    def profile_of(builder: Any, network: Any, request: dict[str, Any], given: dict[str, Any]) -> Any:
        """Sizes and shape values for everything that is left open; 1 where nobody says."""
        profile = builder.create_optimization_profile()
        for at in range(network.num_inputs):
            tensor = network.get_input(at)
            name, known = tensor.name, given.get(tensor.name)
            if tensor.is_shape_tensor:
                value = request["values"].get(name, None if known is None else known.reshape(-1).tolist())
                count = max(1, abs(tensor.shape[0])) if len(tensor.shape) else 1
                wanted = [1] * count if value is None else flat(value)
                profile.set_shape_input(name, wanted, wanted, wanted)
            elif -1 in tuple(tensor.shape):
                shape = request["shapes"].get(name, None if known is None else known.shape)
                shape = tuple(shape) if shape is not None else tuple(max(size, 1) for size in tensor.shape)
                profile.set_shape(name, shape, shape, shape)
        return profile

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
        config = builder.create_builder_config()
        config.num_compute_capabilities = 1
        config.set_compute_capability(trt.ComputeCapability.SM86, 0)
        config.add_optimization_profile(profile_of(builder, network, request, given))
        engine = builder.build_serialized_network(network, config)
        if engine is None:
            said = " | ".join(errors.said)
            return {"stage": "build", "message": said, "nodes": blamed(said)}

        def write(path: str) -> None:
            with open(path, "wb") as sink:
                sink.write(engine)

        return {"stage": "ok", "write": write}

    return ask
