"""The expected outputs of a probe: from onnxruntime without optimisations, else from onnx's reference evaluator.

The reference evaluator is preferred for requantised products: runtimes multiply the scales beforehand, which rounds values
near the middle of two quanta differently. It is also preferred for resizing with odd scales, where runtimes first round
the output's size.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import numpy as np
from onnx import ModelProto, NodeProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from graphfix.analysis.constant_folding import Array, attribute
from graphfix.backends.asking import compare
from graphfix.probe.refusal import Inexpressible

Evaluator = Callable[[ModelProto, dict[str, Array]], list[Array]]
OPEN = {"Dropout", "NonZero", "Normalizer", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "ReduceMean", "Resize", "TopK",
        "TreeEnsembleClassifier"}  # fmt: skip
"""Operators whose results ONNX leaves open in some forms, so that both evaluators are right where they differ.

Not so elsewhere: the reference evaluator ignores the activations and the clipping of recurrent layers, among others.
"""
CUBIC_SINCE = 11
"""The version in which Resize got cubic interpolation; runtimes take the word before, and do as they like."""
HEADS_APART = 4
"""The rank of the operands of an Attention whose heads have an axis of their own."""
UNFIT = re.compile("Non-zero status code returned while running|ShapeInferenceError")
"""What onnxruntime says of a model whose sizes do not fit together, when it loads or when it runs it."""
REQUANTISED = {"QLinearMatMul", "QLinearConv"}


def expected(model: ModelProto, feeds: dict[str, Array], *, strict: bool = False) -> dict[str, Array] | None:
    """Return the outputs by name; {} when they are not arrays or no evaluator has the operator, None when both fail.

    Raises:
        Inexpressible: `strict`, and onnxruntime finds sizes that do not fit, which the reference evaluator may overlook.
    """
    names = [output.name for output in model.graph.output]
    if model.opset_import[0].version < CUBIC_SINCE and any(attribute(node, "mode") == "cubic" for node in model.graph.node):
        return {}
    if any(_mismatched(node, model, feeds) for node in model.graph.node if node.op_type == "Attention" and not node.domain):
        return None
    if any(_overlaps(node, model, feeds) for node in model.graph.node if node.op_type == "ScatterND"):
        return {}
    unknown = False
    for run in _preferred(model):
        try:
            found = run(model, feeds)
        except Exception as error:  # an evaluator may raise anything; the other one is tried
            if strict and run is _onnxruntime and UNFIT.search(str(error)) and "NOT_IMPLEMENTED" not in str(error):
                raise Inexpressible(str(error)) from error
            unknown |= "NOT_IMPLEMENTED" in str(error) and "name 'probe'" in str(error)
            continue
        if all(isinstance(value, np.ndarray | np.generic) for value in found):
            return dict(zip(names, map(np.asarray, found), strict=True))
        return {}
    return {} if unknown else None


def second_opinion(model: ModelProto, feeds: dict[str, Array], first: dict[str, Array]) -> dict[str, Array] | None:
    """Return the outputs by name of the evaluator that is not preferred, where ONNX leaves a result open; else None.

    A compiler that computes the same as one of the two is not wrong then.
    """
    if OPEN.isdisjoint(node.op_type for node in model.graph.node):
        return None
    try:
        found = _preferred(model)[1](model, feeds)
    except Exception:  # an evaluator may raise anything
        return None
    if not all(isinstance(value, np.ndarray | np.generic) for value in found):
        return None
    named = dict(zip((output.name for output in model.graph.output), map(np.asarray, found), strict=True))
    same = all(value.shape == first[name].shape and compare(value, first[name])[0] for name, value in named.items())
    return None if same else named


def _overlaps(node: NodeProto, model: ModelProto, feeds: dict[str, Array]) -> bool:
    """Whether a ScatterND replaces one element several times, which leaves the result undefined."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    name, reduction = node.input[1], attribute(node, "reduction", "none")
    if name not in constants and name not in feeds:
        return False
    indices = feeds[name] if name in feeds else numpy_helper.to_array(constants[name])
    rows = indices.reshape(-1, indices.shape[-1]) if indices.ndim else indices
    return reduction == "none" and len(np.unique(rows, axis=0)) < len(rows)


def _mismatched(node: NodeProto, model: ModelProto, feeds: dict[str, Array]) -> bool:
    """Whether the heads of an Attention's queries and keys differ in size, which is no valid model and not always noticed."""
    known = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    known.update({name: np.shape(value) for name, value in feeds.items()})
    query, key = (known.get(name, ()) for name in node.input[:2])
    return len(query) == len(key) == HEADS_APART and query[-1] != key[-1]


def _preferred(model: ModelProto) -> tuple[Evaluator, Evaluator]:
    """Return the evaluators, the preferred one first."""
    operators = {node.op_type for node in model.graph.node}
    exact = bool(operators & REQUANTISED) or (
        "Resize" in operators and bool(model.graph.doc_string)
    )  # the doc string lists given input numbers
    return (_reference, _onnxruntime) if exact else (_onnxruntime, _reference)


def _onnxruntime(model: ModelProto, feeds: dict[str, Array]) -> list[Array]:
    import onnxruntime as ort

    ort.set_default_logger_severity(4)  # its messages while it loads a model are not for users
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
