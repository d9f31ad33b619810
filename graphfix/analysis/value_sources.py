"""The source of a node's output from the facts about its operands, and its value where it can be computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto

from graphfix.analysis.constant_folding import Array, attribute, constant_value, fold
from graphfix.analysis.dims import written
from graphfix.analysis.summed_sizes import added
from graphfix.analysis.symbolic_shapes import follow, settled
from graphfix.analysis.values import Shape, Value
from graphfix.ir.operator_set import is_standard
from graphfix.ir.proto_values import dtype_name
from graphfix.ir.schemas import formal_types

RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}

TELLING = ("Constant", "Shape", "Size")
"""Operators whose results do not depend on the values of their operands."""
MIXING = {"Add", "Sub", "Mul", "Div", "Mod", "Pow", "Min", "Max", "Sum", "Neg", "Abs", "Clip", "Concat", "Where"}
"""Operators whose result holds sizes where any operand does."""
MOVING = {"Identity", "Gather", "GatherElements", "GatherND", "Slice", "Split", "Reshape", "Flatten", "Squeeze",
          "Unsqueeze", "Transpose", "Expand", "Tile", "ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin"}  # fmt: skip
"""Operators whose result holds sizes where the first operand does."""


def output_value(node: NodeProto, inputs: tuple[Value | None, ...], stated: Value, index: int, version: int) -> Value:
    """Return the output with its source and, where the operands are known, its value."""
    op = node.op_type
    if stated.dtype and op not in TELLING:
        for operand in inputs:
            if operand is not None and operand.source == "runtime":
                if index or follow(node, inputs) is None:  # most nodes: nothing to add to the inferred facts
                    return replace(stated, sized=True) if stated.dtype == "int64" and _holds_sizes(node, inputs) else stated
                break
    value: Array | None = None
    given = [i for i in inputs if i is not None]
    measuring = [i for i in given if i.measured]
    measured, counted = bool(measuring), bool(measuring) and all(i.counted for i in measuring)
    if op == "Constant" and is_standard(node):
        value, source = constant_value(node), "constant"
    elif op in ("Shape", "Size") and inputs and inputs[0] is not None:
        value, source = _measure(node, inputs[0])
        measured = measured or inputs[0].source not in ("constant", "folded")
        counted = inputs[0].measured or inputs[0].source in ("shape", "cast-shape")
    else:
        sources = {i.source for i in given}
        runtime = "runtime" in sources or op in RANDOM or any(a.type == AttributeProto.GRAPH for a in node.attribute)
        source = "runtime" if runtime else _folded_source(node, sources)
        if source == "folded" and index == 0 and all(i.constant is not None for i in given):
            value = fold(node, [None if i is None else i.constant for i in inputs])
    sizes = follow(node, inputs) if index == 0 else None
    total = added(node, inputs) if sizes == (None,) or (sizes is None and source in ("shape", "cast-shape")) else None
    if total is not None and total.never_negative and (size := written(total)) is not None:
        sizes, total = (size,), None
    if value is None and source != "folded" and (array := settled(sizes, stated)) is not None:
        value, source, measured = array, "folded", True
    if source == "runtime" and sizes is None and stated.dtype:
        return stated
    dtype, shape = stated.dtype or _bound_dtype(node, inputs, index, version), stated.shape
    if value is not None:
        shape = value.shape
        dtype = dtype or dtype_name(value.dtype)
    folded = source == "folded"
    return Value(
        stated.name, dtype, shape, source, value, sizes, measured and folded, counted=counted and folded,
        sized=dtype == "int64" and _holds_sizes(node, inputs), total=total,
    )  # fmt: skip


def _holds_sizes(node: NodeProto, inputs: tuple[Value | None, ...]) -> bool:
    """Return whether the elements of a node's int64 output may be sizes, as compilers with symbolic sizes see it.

    Such compilers take what is cast to int64 for sizes.
    """
    op = node.op_type
    if op in ("Shape", "Size", "Cast"):
        return True
    if op in MIXING:
        return any(value is not None and value.sized for value in inputs)
    return op in MOVING and bool(inputs) and inputs[0] is not None and inputs[0].sized


def _bound_dtype(node: NodeProto, inputs: tuple[Value | None, ...], index: int, version: int) -> str:
    """Return the dtype of an output that shares a type variable with an operand; inference drops it if the shape is unknown."""
    variables = formal_types(node.op_type, "" if node.domain == "ai.onnx" else node.domain, version)
    wanted = variables[1][min(index, len(variables[1]) - 1)] if variables[1] else ""
    for position, value in enumerate(inputs):
        name = variables[0][min(position, len(variables[0]) - 1)] if variables[0] else None
        if name == wanted and value is not None and value.dtype:
            return value.dtype
    return ""


def _folded_source(node: NodeProto, sources: set[str]) -> str:
    """Return the source of a value computed from constants and dims alone."""
    cast = node.op_type == "Cast" and attribute(node, "to") != onnx.TensorProto.INT64
    if "cast-shape" in sources or (cast and "shape" in sources):
        return "cast-shape"
    return "shape" if "shape" in sources else "folded"


def _measure(node: NodeProto, operand: Value) -> tuple[Array | None, str]:
    """Return the value and source of a Shape or Size: the value is known when the measured dims are fixed."""
    if operand.shape is None:
        return None, "shape"
    dims: Shape = operand.shape
    if node.op_type == "Shape":
        dims = dims[attribute(node, "start", 0) : attribute(node, "end", len(dims))]
    if not all(isinstance(dim, int) for dim in dims):
        return None, "shape"
    sizes = np.asarray(dims, np.int64)
    return (sizes if node.op_type == "Shape" else np.asarray(sizes.prod(), np.int64)), "folded"
