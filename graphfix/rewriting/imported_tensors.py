"""What graphsurgeon holds of an imported model: attributes as they were, and constants whose weights were put aside."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from graphfix.ir.tensors import is_external
from graphfix.ir.weight_offload import array_of


def frozen(value: Any) -> Any:
    """A copy by which a later change of an attribute shows; None for what is compared by identity."""
    return tuple(value) if isinstance(value, list) else value if isinstance(value, int | float | str) else None


def lazily(tensor: Any) -> None:
    """Let an imported constant whose weights were put aside read them from there, once somebody asks."""
    held = tensor._values
    proto = getattr(held, "tensor", None)
    if isinstance(proto, onnx.TensorProto) and is_external(proto):
        held.load = lambda: np.asarray(array_of(proto))


def fetch(tensor: Any) -> None:
    """Read an imported constant whose weights were put aside: whoever runs it does not know where they are."""
    proto = getattr(tensor._values, "tensor", None)
    if isinstance(proto, onnx.TensorProto) and is_external(proto):
        tensor.values  # noqa: B018 - reading it is what loads it
