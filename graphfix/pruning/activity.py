"""How active the elements of summed axes are on data: their mean, their mean magnitude, and whether they are ever not 0."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, helper

from graphfix.pruning.axis_graph import Axis
from graphfix.verify.feeds import Feed
from graphfix.verify.runtime import session

MOST_AT_ONCE = 64
"""The values that one run returns beside the outputs: all of a deep model's would not fit in memory."""


@dataclass(slots=True)
class Activity:
    """The activity along one axis of a value over several inputs."""

    largest: npt.NDArray[Any]
    total: npt.NDArray[Any]
    magnitude: npt.NDArray[Any]
    count: int = 0

    @property
    def mean(self) -> npt.NDArray[Any]:
        """The mean of each element."""
        return self.total / max(self.count, 1)

    def silent(self, rank: int, axis: int) -> npt.NDArray[Any]:
        """Return the pattern of the elements that are 0 on all inputs, NaN for the others."""
        found = np.where(self.largest == 0, 0.0, np.nan)
        return found.reshape([found.size if place == axis else 1 for place in range(rank)])


def measure_activity(model: ModelProto, axes: Collection[Axis], feeds: Sequence[Feed]) -> dict[Axis, Activity]:
    """Run a model in onnxruntime and return the activity along these axes."""
    found: dict[Axis, Activity] = {}
    held = {tensor.name for tensor in model.graph.initializer} | {info.name for info in model.graph.input}
    wanted = sorted(axis for axis in axes if axis[0] not in held)
    outputs = {info.name for info in model.graph.output}
    for start in range(0, len(wanted), MOST_AT_ONCE):
        some = wanted[start : start + MOST_AT_ONCE]
        names = list(dict.fromkeys(name for name, _ in some))
        shown = ModelProto()
        shown.CopyFrom(model)
        shown.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names if name not in outputs)
        with session(shown) as loaded:
            for feed in feeds:
                values = dict(zip(names, loaded.run(names, feed), strict=True))
                for axis in some:
                    _add(found, axis, np.asarray(values[axis[0]]))
    return found


def _add(found: dict[Axis, Activity], axis: Axis, value: npt.NDArray[Any]) -> None:
    """Add one run's value to the activity along an axis of it."""
    flat = np.moveaxis(value, axis[1], 0).reshape(value.shape[axis[1]], -1).astype(np.float64)
    if axis not in found:
        found[axis] = Activity(np.zeros(flat.shape[0]), np.zeros(flat.shape[0]), np.zeros(flat.shape[0]))
    one = found[axis]
    one.largest = np.maximum(one.largest, np.abs(flat).max(1, initial=0.0))
    one.total = one.total + flat.sum(1)
    one.magnitude = one.magnitude + np.abs(flat).sum(1)
    one.count += flat.shape[1]
