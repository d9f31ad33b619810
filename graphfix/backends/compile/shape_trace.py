"""The shapes that the tensors of a model's main graph had in one run, for a compiler that needs sizes for dynamic dims."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, ValueInfoProto

from graphfix.ir.bind_inputs import interface
from graphfix.ir.dim_ranges import shape_profile
from graphfix.verify.runtime import session

if TYPE_CHECKING:
    from graphfix.backends.compile.case import PreparedCase

MAX_ELEMENTS = 64
"""Elements up to which the value of an integer tensor is kept: it may be used as a shape."""


@dataclass(frozen=True, slots=True)
class ShapeTrace:
    """Shapes by tensor name, and the values of small integer tensors."""

    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    integers: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, prepared: PreparedCase) -> ShapeTrace:
        """Run the model on the inputs of the reference; only the inputs are recorded where onnxruntime cannot run it."""
        feed = prepared.reference.feed
        arrays: dict[str, Any] = dict(feed)
        instrumented = ModelProto()
        instrumented.CopyFrom(prepared.model)
        declared = {info.name for info in instrumented.graph.output}
        inner = [name for node in instrumented.graph.node for name in node.output if name and name not in declared]
        instrumented.graph.output.extend(ValueInfoProto(name=name) for name in inner)
        # onnxruntime raises exceptions of its own; the sizes are then guessed
        with contextlib.suppress(Exception), session(instrumented) as running:
            inputs = {given.name for given in running.get_inputs()}
            names = [output.name for output in running.get_outputs()]
            found = running.run(None, {name: value for name, value in feed.items() if name in inputs})
            arrays.update(zip(names, found, strict=True))
        tensors = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}
        integers = {n: v.tolist() for n, v in tensors.items() if v.dtype.kind in "iu" and v.size <= MAX_ELEMENTS}
        shapes = {name: tuple(size) for name, size in prepared.reference.sizes.items()}
        return cls(shapes | {name: value.shape for name, value in tensors.items()}, integers)

    def profile(self, model: ModelProto) -> dict[str, tuple[list[int], list[int], list[int]]]:
        """Least, usual and greatest sizes for the dynamic dims of a part's inputs: the sizes of the run."""
        return shape_profile(model, {}, self.shapes)

    def values(self, model: ModelProto) -> dict[str, Any]:
        """The values that a part's small integer inputs had in the run."""
        return {info.name: self.integers[info.name] for info in interface(model) if info.name in self.integers}
