"""One protobuf graph as patterns see it (node_pattern.py), without any facts about it: nodes are their positions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from onnx import GraphProto

from graphfix.analysis.constant_folding import attribute, tensor_value


class ProtoView:
    """A graph without those within: what they read from it counts for nothing."""

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
        """The operator, with its domain and a dot before it where that is not ONNX's own."""
        proto = self.nodes[node]
        return proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}"

    def inputs(self, node: int) -> Sequence[str | None]:
        """What a node reads."""
        return [name or None for name in self.reads[node]]

    def outputs(self, node: int) -> Sequence[str | None]:
        """What a node makes."""
        return [name or None for name in self.nodes[node].output[:]]

    def attribute(self, node: int, name: str) -> Any:
        """An attribute's value; None where it is left out."""
        return attribute(self.nodes[node], name)

    def producer(self, value: str, reader: int) -> int | None:
        """The node that makes what a node reads; None for what is given to the graph."""
        return self.makers.get(value)

    def consumers(self, value: str, maker: int) -> Sequence[int]:
        """The nodes that read what a node makes, one as often as it reads it."""
        return self.readers.get(value, ())

    def leaves(self, value: str, maker: int) -> bool:
        """Whether what a node makes is an output of the graph."""
        return value in self.given

    def constant(self, value: str, reader: int) -> npt.NDArray[Any] | None:
        """The numbers of an initializer."""
        return next((tensor_value(tensor) for tensor in self.graph.initializer if tensor.name == value), None)

    def key(self, value: str) -> str:
        """The name."""
        return value

    def label(self, node: int) -> str:
        """What to call a node."""
        proto = self.nodes[node]
        return str(proto.name or next(filter(None, proto.output), proto.op_type))
