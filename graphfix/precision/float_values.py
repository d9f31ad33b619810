"""The names of a model's float32 values in its main graph."""

from __future__ import annotations

from onnx import ModelProto, TensorProto

from graphfix.analysis.facts import Facts


def float_values(model: ModelProto) -> frozenset[str]:
    """Return the names of all float32 values of the main graph: inputs, initializers and outputs of nodes."""
    names = {tensor.name for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT}
    found = Facts.of(model).values.get((), {})
    return frozenset(names | {name for name, value in found.items() if value.dtype == "float32"})
