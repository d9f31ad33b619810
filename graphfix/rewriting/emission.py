"""The two forms in which a model is edited, for the builder: graphsurgeon's objects, and protobuf by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, helper, numpy_helper

Array = npt.NDArray[Any]


class Tensors:
    """Graphsurgeon's tensors and nodes; references to all are kept, because they are compared by identity."""

    def __init__(self, gs: Any, alive: list[Any]) -> None:
        self.gs, self.alive = gs, alive

    def value(self, name: str) -> Any:
        """Return a new variable."""
        return self._held(self.gs.Variable(name))

    def constant(self, name: str, array: Array) -> Any:
        """Return a new constant; the export adds it to the main graph."""
        return self._held(self.gs.Constant(name, np.ascontiguousarray(array).reshape(array.shape)))

    def node(self, op: str, name: str, inputs: Sequence[Any], outputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """A new node, which stands in no graph yet."""
        return self._held(self.gs.Node(op, name=name, attrs=dict(attrs), inputs=list(inputs), outputs=list(outputs)))

    def _held(self, made: Any) -> Any:
        self.alive.append(made)
        return made


class Protos:
    """Protobuf nodes, with values by name; constants are added to a graph's initializers at once."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph

    def value(self, name: str) -> str:
        """Return the name itself."""
        return name

    def constant(self, name: str, array: Array) -> str:
        """Add an initializer and return its name."""
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, name: str, inputs: Sequence[str], outputs: Sequence[str], attrs: Mapping[str, Any]) -> NodeProto:
        """A new node, which stands in no graph yet."""
        return helper.make_node(op, list(inputs), list(outputs), name=name, **attrs)
