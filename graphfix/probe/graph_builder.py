"""The parts of a probe's graph while it is built: inputs, initializers, nodes, and the arrays to feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from graphfix.analysis.constant_folding import Array
from graphfix.probe.refusal import BESIDE as SUPPORT_PREFIX
from graphfix.probe.refusal import Inexpressible

__all__ = ["SUPPORT_PREFIX", "GraphBuilder"]


@dataclass(slots=True)
class GraphBuilder:
    """The inputs, initializers and nodes of a graph, and the arrays to feed to the inputs.

    Its methods raise Inexpressible where `opset` has no operator that makes an operand as it is wanted.
    """

    opset: int
    inputs: list[ValueInfoProto] = field(default_factory=list)
    initializers: list[TensorProto] = field(default_factory=list)
    nodes: list[NodeProto] = field(default_factory=list)
    feeds: dict[str, Array] = field(default_factory=dict)

    def constant(self, name: str, array: Array, code: int) -> str:
        """Add an initializer of the dtype `code`; returns its name."""
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        tensor.data_type = code
        self.initializers.append(tensor)
        return name

    def schema(self, op: str, operands: int) -> onnx.defs.OpSchema:
        """Return the operator's schema; Inexpressible where the opset has none, or one that takes other operands."""
        if onnx.defs.has(op, self.opset, ""):
            schema = onnx.defs.get_schema(op, self.opset, "")
            if schema.min_input <= operands <= schema.max_input:
                return schema
        raise Inexpressible(f"{op} of {operands} operands in opset {self.opset}")

    def node(self, op: str, inputs: list[str], output: str, label: str = "", **attributes: Any) -> str:
        """Add a supporting node, named after its label or its output; returns the name of its output."""
        schema = self.schema(op, len(inputs))
        if op == "Cast" and schema.attributes["to"].type == onnx.defs.OpSchema.AttrType.STRING:
            attributes["to"] = TensorProto.DataType.Name(attributes["to"])
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{SUPPORT_PREFIX}{label or output}", **attributes))
        return output
