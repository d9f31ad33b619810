"""The declared dims of a model's inputs."""

from __future__ import annotations

from onnx import ValueInfoProto


def declared(info: ValueInfoProto) -> list[int | str]:
    """Return the dims of an input: a number for a static one, else a symbol."""
    return [dim.dim_value if dim.dim_value > 0 else dim.dim_param or "?" for dim in info.type.tensor_type.shape.dim]
