"""Shapes from inference without shape arithmetic, and the nodes whose operands it infers less precisely than the solver.

Exporters reshape data by computed targets such as `[batch, 32, -1]`, where the batch is dynamic. Inference that evaluates the
arithmetic infers that 32 is fixed; a compiler that uses plain shape inference gets three unknown dims. A target with a single
dynamic element is different: simplifiers write -1 for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, shape_inference

from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.shape_inference import unannotated
from graphfix.analysis.symbolic_shapes import sizes_of
from graphfix.analysis.values import NodeFacts, Structure, Value
from graphfix.ir.proto_values import tensor_of

HEEDING = {"AffineGrid", "Attention", "Col2Im", "CumProd", "DeformConv", "Det", "Einsum", "EyeLike", "GRU", "LSTM", "RNN",
           "RMSNormalization", "MaxUnpool", "NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss",
           "NonMaxSuppression", "RoiAlign", "Scatter", "ScatterElements", "TensorScatter", "Softmax", "LogSoftmax", "Hardmax",
           "InstanceNormalization", "GroupNormalization", "BatchNormalization", "Split", "MatMul", "Conv",
           "GatherElements"}  # fmt: skip
"""Operators that converters decompose depending on the sizes of their data; for all other operators the sizes do not matter."""
PATTERN = StructuralPattern(
    frozenset(HEEDING),
    {"followed": "none"},
    kind="dynamic",
    loading=True,
)
Sizes = tuple[int | None, ...]
Plain = Mapping[str, Sizes | None]
"""The sizes that plain inference finds, by value; None without a rank."""
COMPUTED = ("shape", "cast-shape")


def plain_sizes(values: Mapping[str, Value], inferred: ModelProto, source: ModelProto) -> Plain:
    """Return the sizes that plain inference finds of every value of the main graph; empty where it fails.

    `values` are those of the main graph, `inferred` is the annotated model with foldable nodes replaced by their values; it is
    consumed. `source` is the original model.
    """
    if not any(dim.dim_value < 0 for info in source.graph.input for dim in info.type.tensor_type.shape.dim):
        _write_down(inferred.graph, values)  # simplifiers do not evaluate a dynamic dim that is stated as a negative size
    try:
        plain = shape_inference.infer_shapes(unannotated(inferred)).graph
    except Exception:  # onnx raises several types; each means that its result is unknown
        return {}
    told: dict[str, Sizes | None] = {}
    for info in (*plain.value_info, *plain.output):
        kind = info.type.tensor_type
        told[info.name] = tuple([dim.dim_value or None for dim in kind.shape.dim]) if kind.HasField("shape") else None
    return told


def sizes_missed(nodes: Sequence[NodeFacts], told: Plain) -> dict[int, Structure]:
    """Return the positions of main-graph nodes with operands of which plain inference finds the rank but not all fixed sizes.

    The facet `followed` of each is `state` where some of these sizes are known only from the initial state of a recurrent node,
    `last` where the last size of an operand is among them, else `inner`. `told` are the sizes that plain inference finds. Where
    not even the rank is inferred, as after computed targets in old models, compilers use more than plain inference, so that such
    operands are skipped.
    """
    found: dict[int, Structure] = {}
    for at, node in enumerate(nodes):
        words = {_missed(value, told) for value in node.inputs} if told and not node.scope else {"none"}
        if words - {"none"}:
            found[at] = (("followed", next(word for word in ("state", "last", "inner") if word in words)),)
    return found


def _missed(value: Value | None, told: Mapping[str, Sizes | None]) -> str:
    """Return which dim known to be fixed is unknown to plain inference: `none`, an `inner`, the `last`, or one of a `state`."""
    if value is None or value.shape is None or value.source in ("constant", "folded"):
        return "none"
    plain = told.get(value.name)
    if plain is None or len(plain) != len(value.shape):
        return "none"
    missed = [isinstance(dim, int) and dim and size is None for dim, size in zip(value.shape, plain, strict=True)]
    if not any(missed):
        return "none"
    return "state" if value.assumed else "last" if missed[-1] else "inner"


def _write_down(graph: GraphProto, values: Mapping[str, Value]) -> None:
    """Replace the target of Reshapes by a constant where a single element of it is dynamic, in place."""
    for node in graph.node:
        target = values.get(node.input[1]) if node.op_type == "Reshape" and len(node.input) > 1 else None
        sizes = sizes_of(target) if target is not None and target.source in COMPUTED else None
        if target is None or sizes is None or -1 in sizes:
            continue
        if sum(not isinstance(size, int) for size in sizes) == 1:
            name = f"{node.output[0]}__target"
            written = np.asarray([size if isinstance(size, int) else -1 for size in sizes], np.int64)
            graph.initializer.append(tensor_of(written, name))
            node.input[1] = name
