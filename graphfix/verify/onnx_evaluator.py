"""onnx's own interpreter in the place of onnxruntime, for small models with operators that it has no kernel for.

onnxruntime lacks some dtypes of some operators, and recurrent layers that keep the batch first. What it cannot run
cannot be compared; onnx's interpreter is slow and knows every operator in every dtype that it may have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import ModelProto, ValueInfoProto

MOST_NODES = 200
LACKING = ("NOT_IMPLEMENTED", "Could not find an implementation", "are not supported")
"""What onnxruntime says where a model is right and it has no kernel."""


class Interpreter:
    """A model run node by node by onnx itself, with the interface of an onnxruntime session that is used here."""

    def __init__(self, model: ModelProto) -> None:
        from onnx.reference import ReferenceEvaluator

        known = {tensor.name for tensor in model.graph.initializer}
        self._inputs = [info for info in model.graph.input if info.name not in known]
        self._outputs = list(model.graph.output)
        self._evaluator = ReferenceEvaluator(model)

    def get_inputs(self) -> Sequence[ValueInfoProto]:
        """The inputs that must be fed, each with its name."""
        return self._inputs

    def get_outputs(self) -> Sequence[ValueInfoProto]:
        """The outputs, each with its name."""
        return self._outputs

    def run(self, _: None, feed: Mapping[str, Any]) -> list[Any]:
        """The outputs for one feed, in order."""
        import warnings

        import numpy as np

        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # infinities and NaN are numbers like any other here
            return list(self._evaluator.run(None, dict(feed)))


def lacks_kernel(error: Exception, model: ModelProto) -> bool:
    """Whether onnxruntime refused a small model for want of a kernel."""
    return len(model.graph.node) <= MOST_NODES and any(word in str(error) for word in LACKING)
