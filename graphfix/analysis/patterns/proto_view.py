"""A view of one protobuf graph for the matcher (matcher.py), without facts about it: nodes are identified by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from onnx import GraphProto

from graphfix.analysis.constant_folding import Array, attribute, tensor_value
from graphfix.ir.operator_set import is_standard


class ProtoView:
    """One graph without its subgraphs: values that those read are not counted."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.nodes = list(graph.node)
        self.reads: list[Sequence[str]] = []
        self.makers: dict[str, int] = {}
        self.readers: dict[str, list[int]] = defaultdict(list)
        for position, node in enumerate(self.nodes):
            self.reads.append(node.input[:])
            for name in self.reads[-1]:
                self.readers[name].append(position)
            for name in node.output[:]:
                self.makers[name] = position
        self.given = {output.name for output in graph.output}

    def op(self, node: int) -> str:
        """Return the operator, prefixed by its domain and a dot where that is not ONNX's own."""
        proto = self.nodes[node]
        return proto.op_type if is_standard(proto) else f"{proto.domain}.{proto.op_type}"

    def inputs(self, node: int) -> Sequence[str | None]:
        """Return the operands of a node."""
        return [name or None for name in self.reads[node]]

    def outputs(self, node: int) -> Sequence[str | None]:
        """Return the outputs of a node."""
        return [name or None for name in self.nodes[node].output[:]]

    def attribute(self, node: int, name: str) -> Any:
        """Return an attribute's value; None where it is left out."""
        return attribute(self.nodes[node], name)

    def producer(self, value: str, reader: int) -> int | None:
        """Return the producer of an operand; None for graph inputs and initializers."""
        return self.makers.get(value)

    def consumers(self, value: str, maker: int) -> Sequence[int]:
        """Return the consumers of an output, each as often as it reads the value."""
        return self.readers.get(value, ())

    def leaves(self, value: str, maker: int) -> bool:
        """Return whether an output of a node is an output of the graph."""
        return value in self.given

    def constant(self, value: str, reader: int) -> Array | None:
        """Return the array of an initializer."""
        return next((tensor_value(tensor) for tensor in self.graph.initializer if tensor.name == value), None)

    def key(self, value: str) -> str:
        """Return the name."""
        return value

    def label(self, node: int) -> str:
        """Return a label for a node."""
        proto = self.nodes[node]
        return str(proto.name or next(filter(None, proto.output), proto.op_type))
