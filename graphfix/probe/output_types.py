"""The types and shapes that the outputs of a probe's model state: what inference tells, and the ranks that running shows."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, shape_inference

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facts import DTYPES
from graphfix.probe.expect import expected


def result_dtype(
    nodes: Sequence[NodeProto], constants: Sequence[TensorProto], name: str, imports: Sequence[onnx.OperatorSetIdProto]
) -> str:
    """The dtype that inference gives a result; empty where it tells none."""
    graph = helper.make_graph(nodes, "g", [], [onnx.ValueInfoProto(name=name)], constants)
    found = shape_inference.infer_shapes(helper.make_model(graph, opset_imports=imports)).graph.output[0]
    return str(DTYPES.get(found.type.tensor_type.elem_type, ""))


def finished(model: ModelProto, feeds: dict[str, Array]) -> ModelProto:
    """The model with its outputs' types and shapes stated, checked; raises what onnx raises."""
    standard = len(model.opset_import) == 1
    inferred = shape_inference.infer_shapes(model, strict_mode=standard, data_prop=True)
    for output, found in zip(model.graph.output, inferred.graph.output, strict=True):
        output.CopyFrom(found)
    stated(model, feeds)
    onnx.checker.check_model(model, full_check=standard)
    return model


def stated(model: ModelProto, feeds: dict[str, Array]) -> None:
    """Give outputs whose rank inference cannot tell the rank that they turn out to have, with open dims."""
    if all(o.type.tensor_type.HasField("shape") or o.type.WhichOneof("value") not in (None, "tensor_type")
           for o in model.graph.output):  # fmt: skip
        return
    found = expected(model, feeds) or {}
    for output in model.graph.output:
        kind = output.type.tensor_type
        if not kind.HasField("shape") and output.name in found:
            value = found[output.name]
            kind.elem_type = kind.elem_type or helper.np_dtype_to_tensor_dtype(value.dtype)
            kind.shape.SetInParent()
            for at in range(value.ndim):
                kind.shape.dim.add(dim_param=f"{output.name}_{at}")


def settle(model: ModelProto, feeds: dict[str, Array]) -> None:
    """State the shapes that the outputs turn out to have."""
    found = expected(model, feeds) or {}
    for output in model.graph.output:
        if output.name in found:
            value = found[output.name]
            output.CopyFrom(helper.make_tensor_value_info(output.name, output.type.tensor_type.elem_type, value.shape))
