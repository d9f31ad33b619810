"""What a change made of a model's size: file, parameters, MACs and peak memory of activations, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onnx import ModelProto

from graphfix.analysis.activation_memory import peak_activation_bytes
from graphfix.analysis.model_size import ModelSize
from graphfix.ir.bind_inputs import bind
from graphfix.ir.tensors import tensors


@dataclass(frozen=True, slots=True)
class Footprint:
    """The bytes of a model's file, its parameters, MACs, and peak bytes of activations; None where one is not known."""

    file_bytes: int
    parameters: int
    parameter_bytes: int
    macs: int | None
    peak_bytes: int | None

    @classmethod
    def of(cls, model: ModelProto, sizes: Mapping[str, tuple[int, ...]]) -> Footprint:
        """Measure a model; `sizes` are the dims of its inputs at which dynamic ones are counted."""
        size = ModelSize.of(model, sizes)
        peak = peak_activation_bytes(bind(model, {name: list(dims) for name, dims in sizes.items()}, {}))
        count = sum(_elements(tensor.dims) for tensor in tensors(model) if _elements(tensor.dims) > 1)
        return cls(model.ByteSize(), count, size.parameter_bytes, size.macs, peak)

    def to_json(self) -> dict[str, Any]:
        """The footprint as docs/json.md describes it."""
        return {
            "file_bytes": self.file_bytes, "parameters": self.parameters, "parameter_bytes": self.parameter_bytes,
            "macs": self.macs, "peak_activation_bytes": self.peak_bytes,
        }  # fmt: skip


def _elements(dims: Any) -> int:
    count = 1
    for dim in dims:
        count *= dim
    return count
