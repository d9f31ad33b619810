"""What is known of the values of a model whatever its inputs are: channels that are always 0, or always the same number.

A pattern is an array of a value's rank, of size 1 along axes on which all elements are equal, and NaN where nothing is known.
Zeros stay zeros in products, as infinite and NaN inputs are not considered.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.constant_folding import attribute
from graphfix.pruning.axis_graph import AxisGraph
from graphfix.pruning.known_movement import MOVED
from graphfix.pruning.known_products import PRODUCTS
from graphfix.pruning.relations.elementwise import UNARY

Pattern = npt.NDArray[Any]
Patterns = dict[str, Pattern]

BINARY: dict[str, Callable[[Pattern, Pattern], Pattern]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum, "Min": np.minimum,
    "PRelu": lambda x, slope: np.where(x < 0, x * slope, x),
}  # fmt: skip
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)


def known_values(model: ModelProto, axes: AxisGraph, measured: Mapping[str, Pattern]) -> Patterns:
    """Return the patterns of all values; `measured` holds zeros where a value was 0 on all data."""
    found: Patterns = {}
    for tensor in model.graph.initializer:
        if tensor.data_type in FLOATS:
            found[tensor.name] = np.asarray(numpy_helper.to_array(tensor))
    for node in model.graph.node:
        for name, pattern in zip(node.output, _patterns(node, found, axes), strict=False):
            dims = axes.dims(name)
            if pattern is not None and dims is not None and _fits(pattern, dims):
                found[name] = pattern
        for name in node.output:
            if name in measured:
                seen, dims = measured[name], axes.dims(name)
                own = found.get(name, np.full((1,) * seen.ndim, np.nan))
                if dims is not None and len(dims) == seen.ndim == own.ndim:
                    found[name] = np.where(np.isnan(own), seen, own)
    return found


def _fits(pattern: Pattern, dims: tuple[int | str | None, ...]) -> bool:
    """Whether a pattern has the rank of a value, and something is known in it."""
    return (
        pattern.ndim == len(dims)
        and all(size in (1, dim) for size, dim in zip(pattern.shape, dims, strict=True))
        and not bool(np.isnan(pattern).all())
    )


def _patterns(node: NodeProto, found: Patterns, axes: AxisGraph) -> list[Pattern | None]:
    """Return the patterns of a node's outputs; what is unknown is None."""
    operands = [found.get(name) for name in node.input]
    known = any(pattern is not None for name, pattern in zip(node.input, operands, strict=True) if name not in axes.constants)
    if not known and node.op_type not in PRODUCTS:
        return []
    with np.errstate(all="ignore"):
        if node.op_type in UNARY:
            return [_unary(node, operands)]
        if node.op_type in BINARY and len(operands) == 2:
            one, other = (_unknown(pattern, name, axes) for pattern, name in zip(operands, node.input, strict=True))
            return [_binary(node.op_type, one, other)]
        if node.op_type in MOVED:
            return MOVED[node.op_type](node, operands, axes)
        if node.op_type in PRODUCTS:
            return PRODUCTS[node.op_type](node, operands, axes)
    return []


def _unknown(pattern: Pattern | None, name: str, axes: AxisGraph) -> Pattern | None:
    """Return a pattern that says nothing in place of a missing one; None where the rank is not known."""
    dims = axes.dims(name)
    return np.full((1,) * len(dims), np.nan) if pattern is None and dims is not None else pattern


def _unary(node: NodeProto, operands: list[Pattern | None]) -> Pattern | None:
    """Compute an elementwise operator of one operand where that is known; a Clip has its limits beside it."""
    pattern = operands[0]
    if pattern is None or node.domain:
        return None
    if node.op_type in ("Identity", "Dropout"):
        return pattern
    if node.op_type == "Cast":
        return pattern if int(attribute(node, "to", 0)) in FLOATS else None
    if node.op_type == "Clip" and any(node.input[1:]):
        limits = [(operands[at] if at < len(operands) else None, at < len(node.input) and node.input[at]) for at in (1, 2)]
        if any(given and (limit is None or limit.size != 1) for limit, given in limits):
            return None
        low, high = (None if limit is None else float(limit.reshape(())) for limit, _ in limits)
        return np.clip(pattern, low, high)
    known = ~np.isnan(pattern)
    made = _computed(node.SerializeToString(), np.where(known, pattern, 0).astype(np.float32).tobytes(), pattern.shape)
    return None if made is None else np.where(known, made, np.nan)


@functools.lru_cache(256)
def _computed(node: bytes, data: bytes, shape: tuple[int, ...]) -> Pattern | None:
    """Return what onnx's reference evaluator computes for one node of one operand."""
    from onnx.reference import ReferenceEvaluator

    proto = NodeProto.FromString(node)
    if any(proto.input[1:]):
        return None
    info = helper.make_tensor_value_info(proto.input[0], TensorProto.FLOAT, shape)
    out = helper.make_tensor_value_info(proto.output[0], TensorProto.FLOAT, shape)
    graph = helper.make_graph([proto], "one", [info], [out])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
            feed = {proto.input[0]: np.frombuffer(data, np.float32).reshape(shape)}
            return np.asarray(next(iter(ReferenceEvaluator(model).run(None, feed))), np.float64)
    except Exception:  # an operator that the evaluator does not have, or an attribute of an older version of it
        return None


def _binary(op: str, one: Pattern | None, other: Pattern | None) -> Pattern | None:
    """Compute a binary operator where both operands are known, and products where either is 0."""
    if one is None or other is None:
        return None
    made = BINARY[op](one, other)
    made = np.where(np.isnan(one) | np.isnan(other), np.nan, made)
    if op == "Mul":
        made = np.where((one == 0) | (other == 0), 0.0, made)
    if op == "Div":
        made = np.where((one == 0) & np.isnan(other), 0.0, made)
    return made
