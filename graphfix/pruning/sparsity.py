"""Zeros among the weights of a model that no channel holds together."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import ModelProto, numpy_helper

from graphfix.ir.tensors import nbytes

LEAST = 1024
"""The bytes below which a weight is not counted."""
SPARSE = 0.5
"""The share of zeros from which weights are reported."""
PROFITS = "only TensorRT's 2:4 sparsity and OpenVINO's sparse weights profit from scattered zeros; the file stays as large"


@dataclass(frozen=True, slots=True)
class Sparsity:
    """The share of weights that are 0, and of those that keep the pattern of 2 zeros in every 4 along their inputs."""

    zeros: float
    two_of_four: float

    @property
    def sentence(self) -> str | None:
        """Who profits, where there is something to profit from."""
        return f"{self.zeros:.0%} of the remaining weights are 0: {PROFITS}" if self.zeros >= SPARSE else None


def sparsity(model: ModelProto) -> Sparsity:
    """Return the zeros among the weights of two dims and more."""
    total = zeros = pattern = 0
    for tensor in model.graph.initializer:
        if len(tensor.dims) < 2 or (nbytes(tensor) or 0) < LEAST:
            continue
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind != "f":
            continue
        empty = array == 0
        total += array.size
        zeros += int(empty.sum())
        rows = empty.reshape(array.shape[0], -1)
        fours = rows[:, : rows.shape[1] // 4 * 4].reshape(-1, 4).sum(1)
        pattern += array.size if fours.size and bool((fours >= 2).all()) else 0
    return Sparsity(zeros / total if total else 0.0, pattern / total if total else 0.0)
