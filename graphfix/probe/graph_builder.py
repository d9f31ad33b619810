"""The parts of a probe's graph while it is built: inputs, initializers, nodes, and the arrays to feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from graphfix.folding import Array

SUPPORT_PREFIX = "beside_"
"""The start of the names of supporting nodes, which the probe is not about."""


@dataclass(slots=True)
class GraphBuilder:
    """The inputs, initializers and nodes of a graph, and the arrays to feed to the inputs."""

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

    def node(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a supporting node; returns the name of its output."""
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{SUPPORT_PREFIX}{output}", **attributes))
        return output
