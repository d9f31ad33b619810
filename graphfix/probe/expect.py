"""What a probe should compute: onnxruntime with its optimiser off, else onnx's reference evaluator.

Of products that are quantised again the reference has the first word: runtimes multiply the scales beforehand, which
takes another quantum for numbers that fall near the middle of two. So it has of resizing by odd scales, where runtimes
first make the result's size a whole number.
"""

from __future__ import annotations

import warnings

import numpy as np
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator

from graphfix.folding import Array

REQUANTISED = {"QLinearMatMul", "QLinearConv"}


def expected(model: ModelProto, feeds: dict[str, Array]) -> dict[str, Array] | None:
    """The outputs by name; {} when they are not arrays or no evaluator knows the operator, None when both refuse."""
    names = [output.name for output in model.graph.output]
    unknown = False
    operators = {node.op_type for node in model.graph.node}
    exact = bool(operators & REQUANTISED) or ("Resize" in operators and bool(model.graph.doc_string))  # numbers tried on purpose
    for run in (_reference, _onnxruntime) if exact else (_onnxruntime, _reference):
        try:
            found = run(model, feeds)
        except Exception as error:  # whatever it is, this evaluator has no answer
            unknown |= "NOT_IMPLEMENTED" in str(error) and "name 'probe'" in str(error)
            continue
        if all(isinstance(value, np.ndarray | np.generic) for value in found):
            return dict(zip(names, map(np.asarray, found), strict=True))
        return {}
    return {} if unknown else None


def _onnxruntime(model: ModelProto, feeds: dict[str, Array]) -> list[Array]:
    import onnxruntime as ort

    ort.set_default_logger_severity(4)  # what it says while it loads a model is not for our users
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


def _reference(model: ModelProto, feeds: dict[str, Array]) -> list[Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(ReferenceEvaluator(model).run(None, feeds))
