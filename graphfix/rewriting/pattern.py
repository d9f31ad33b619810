"""Patterns of several nodes in an opened model (node_pattern.py), for rewrites of more nodes than one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from graphfix.analysis.patterns.matcher import Match as Match
from graphfix.analysis.patterns.matcher import Pattern as Pattern
from graphfix.rewriting.editor import Surgery

Found = Match[Any, Any]
"""A match among graphsurgeon's nodes and tensors."""


class SurgeryView:
    """An opened model: tensors are told apart by identity, so they mean the same in every scope."""

    def __init__(self, surgery: Surgery) -> None:
        self.surgery = surgery

    def op(self, node: Any) -> str:
        """The operator, with its domain and a dot before it where that is not ONNX's own."""
        return str(node.op) if node.domain in (None, "", "ai.onnx") else f"{node.domain}.{node.op}"

    def inputs(self, node: Any) -> Sequence[Any]:
        """What a node reads."""
        return [tensor if tensor.name else None for tensor in node.inputs]

    def outputs(self, node: Any) -> Sequence[Any]:
        """What a node makes."""
        return [tensor if tensor.name else None for tensor in node.outputs]

    def attribute(self, node: Any, name: str) -> Any:
        """An attribute's value; None where it is left out."""
        return node.attrs.get(name)

    def producer(self, value: Any, reader: Any) -> Any:
        """The node that makes what a node reads; None for constants and for what is given to the graph."""
        return value.inputs[0] if value.inputs else None

    def consumers(self, value: Any, maker: Any) -> Sequence[Any]:
        """The nodes that read what a node makes, one as often as it reads it."""
        return list(value.outputs)

    def leaves(self, value: Any, maker: Any) -> bool:
        """Whether what a node makes is an output of a graph."""
        return any(value is output for graph in self.surgery.graphs() for output in graph.outputs)

    def constant(self, value: Any, reader: Any) -> npt.NDArray[Any] | None:
        """The numbers that a node reads, where they are known."""
        return self.surgery.known(value)

    def key(self, value: Any) -> int:
        """The tensor's identity."""
        return id(value)

    def label(self, node: Any) -> str:
        """What to call a node."""
        return self.surgery.label(self.surgery.key(node))
