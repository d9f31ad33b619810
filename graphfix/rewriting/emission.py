"""The two forms in which a model is edited, for the builder: graphsurgeon's objects, and protobuf by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, helper, numpy_helper

Array = npt.NDArray[Any]


class Tensors:
    """Graphsurgeon's tensors and nodes, every one of which is held on to: they are told apart by identity."""

    def __init__(self, gs: Any, alive: list[Any]) -> None:
        self.gs, self.alive = gs, alive

    def value(self, name: str) -> Any:
        """A new variable."""
        return self._held(self.gs.Variable(name))

    def constant(self, name: str, array: Array) -> Any:
        """A new constant; the export puts it into the main graph."""
        return self._held(self.gs.Constant(name, np.ascontiguousarray(array).reshape(array.shape)))

    def node(self, op: str, name: str, inputs: Sequence[Any], outputs: Sequence[Any], attrs: Mapping[str, Any]) -> Any:
        """A new node, which stands in no graph yet."""
        return self._held(self.gs.Node(op, name=name, attrs=dict(attrs), inputs=list(inputs), outputs=list(outputs)))

    def _held(self, made: Any) -> Any:
        self.alive.append(made)
        return made


class Protos:
    """Protobuf nodes, with values by name; constants become initializers of a graph at once."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph

    def value(self, name: str) -> str:
        """The name itself."""
        return name

    def constant(self, name: str, array: Array) -> str:
        """A new initializer."""
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op: str, name: str, inputs: Sequence[str], outputs: Sequence[str], attrs: Mapping[str, Any]) -> NodeProto:
        """A new node, which stands in no graph yet."""
        return helper.make_node(op, list(inputs), list(outputs), name=name, **attrs)
