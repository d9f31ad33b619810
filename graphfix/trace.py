"""The sizes that every tensor of a model's main graph had in one run, for a compiler that wants sizes for a part."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, ValueInfoProto

from graphfix.bind import interface
from graphfix.ranges import profile
from graphfix.reference_runtime import session

if TYPE_CHECKING:
    from graphfix.compile_case import Ready

SMALL = 64
"""Elements up to which a whole number's value is kept: it may decide a shape."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Shapes by tensor name, and the values of small whole-numbered ones."""

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, ready: Ready) -> Trace:
        """The trace of a run on the feed of the reference; only the inputs' where onnxruntime ran none."""
        feed = ready.reference.feed
        arrays: dict[str, Any] = dict(feed)
        probe = ModelProto()
        probe.CopyFrom(ready.model)
        declared = {info.name for info in probe.graph.output}
        made = [name for node in probe.graph.node for name in node.output if name and name not in declared]
        probe.graph.output.extend(ValueInfoProto(name=name) for name in made)
        # onnxruntime raises its own kinds; sizes are then guessed
        with contextlib.suppress(Exception), session(probe) as running:
            taken = {given.name for given in running.get_inputs()}
            names = [output.name for output in running.get_outputs()]
            found = running.run(None, {name: value for name, value in feed.items() if name in taken})
            arrays.update(zip(names, found, strict=True))
        tensors = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}
        numbers = {n: v.tolist() for n, v in tensors.items() if v.dtype.kind in "iu" and v.size <= SMALL}
        shapes = {name: tuple(size) for name, size in ready.reference.sizes.items()}
        return cls(shapes | {name: value.shape for name, value in tensors.items()}, numbers)

    def profile(self, model: ModelProto) -> dict[str, tuple[list[int], list[int], list[int]]]:
        """Bounds for the free dims of a part's inputs: the sizes of the run."""
        return profile(model, {}, self.shapes)

    def values(self, model: ModelProto) -> dict[str, Any]:
        """Values of the run for a part's small whole-numbered inputs."""
        return {info.name: self.numbers[info.name] for info in interface(model) if info.name in self.numbers}
