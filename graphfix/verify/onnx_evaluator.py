"""onnx's reference evaluator in place of onnxruntime, for small models with operators that onnxruntime has no kernel for.

onnxruntime has no kernels for some dtypes of some operators, and none for recurrent layers with the batch as first axis.
Without a run there is no comparison; onnx's reference evaluator is slow and supports every operator in every dtype.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import ModelProto, ValueInfoProto

MOST_NODES = 200
LACKING = ("NOT_IMPLEMENTED", "Could not find an implementation", "are not supported")
"""Parts of onnxruntime's messages for a valid model without a kernel."""


class Interpreter:
    """A model run by onnx's reference evaluator, with the methods of an onnxruntime session that verification uses."""

    def __init__(self, model: ModelProto) -> None:
        from onnx.reference import ReferenceEvaluator

        known = {tensor.name for tensor in model.graph.initializer}
        self._inputs = [info for info in model.graph.input if info.name not in known]
        self._outputs = list(model.graph.output)
        self._evaluator = ReferenceEvaluator(model)

    def get_inputs(self) -> Sequence[ValueInfoProto]:
        """Return the inputs that must be fed, each with its `name`."""
        return self._inputs

    def get_outputs(self) -> Sequence[ValueInfoProto]:
        """Return the outputs, each with its `name`."""
        return self._outputs

    def run(self, _: None, feed: Mapping[str, Any]) -> list[Any]:
        """Return the outputs for one feed, in order."""
        import warnings

        import numpy as np

        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # infinities and NaN are expected in outputs
            return list(self._evaluator.run(None, dict(feed)))


def lacks_kernel(error: Exception, model: ModelProto) -> bool:
    """Whether onnxruntime failed to load a small model for lack of a kernel."""
    return len(model.graph.node) <= MOST_NODES and any(word in str(error) for word in LACKING)
