"""Attribute snapshots and lazily loaded constants of a model imported into graphsurgeon."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from graphfix.ir.tensors import is_external
from graphfix.ir.weight_offload import offloaded_array


def frozen(value: Any) -> Any:
    """Return a copy of an attribute's value, to detect later changes; None for values that are compared by identity."""
    return tuple(value) if isinstance(value, list) else value if isinstance(value, int | float | str) else None


def lazily(tensor: Any) -> None:
    """Make an imported constant with offloaded weights load them on first access."""
    held = tensor._values
    proto = getattr(held, "tensor", None)
    if isinstance(proto, onnx.TensorProto) and is_external(proto):
        held.load = lambda: np.asarray(offloaded_array(proto))


def fetch(tensor: Any) -> None:
    """Load the offloaded weights of an imported constant, before it is passed to code that cannot load them."""
    proto = getattr(tensor._values, "tensor", None)
    if isinstance(proto, onnx.TensorProto) and is_external(proto):
        tensor.values  # noqa: B018 - reading it is what loads it
