"""Patterns of several nodes in an opened model (analysis/patterns/matcher.py), for rewrites of more than one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from graphfix.analysis.patterns.matcher import Match as Match
from graphfix.analysis.patterns.matcher import Pattern as Pattern
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor

Found = Match[Any, Any]
"""A match among graphsurgeon's nodes and tensors."""


class SurgeryView:
    """View of an opened model for the matcher; tensors are compared by identity, so they are the same in every scope."""

    def __init__(self, surgery: GraphEditor) -> None:
        self.surgery = surgery

    def op(self, node: Any) -> str:
        """Return the operator, prefixed by its domain and a dot if that is not ONNX's own."""
        return str(node.op) if is_standard(node) else f"{node.domain}.{node.op}"

    def inputs(self, node: Any) -> Sequence[Any]:
        """Return a node's inputs."""
        return [tensor if tensor.name else None for tensor in node.inputs]

    def outputs(self, node: Any) -> Sequence[Any]:
        """Return a node's outputs."""
        return [tensor if tensor.name else None for tensor in node.outputs]

    def attribute(self, node: Any, name: str) -> Any:
        """Return an attribute's value; None if it is left out."""
        return node.attrs.get(name)

    def producer(self, value: Any, reader: Any) -> Any:
        """Return the producer of a value; None for constants and graph inputs."""
        return value.inputs[0] if value.inputs else None

    def consumers(self, value: Any, maker: Any) -> Sequence[Any]:
        """Return the consumers of a value, each once for every use."""
        return list(value.outputs)

    def leaves(self, value: Any, maker: Any) -> bool:
        """Whether a value is a graph output."""
        return any(value is output for graph in self.surgery.graphs() for output in graph.outputs)

    def constant(self, value: Any, reader: Any) -> npt.NDArray[Any] | None:
        """Return the content of a value if it is known; else None."""
        return self.surgery.known(value)

    def key(self, value: Any) -> int:
        """Return the tensor's identity."""
        return id(value)

    def label(self, node: Any) -> str:
        """Return a node's label."""
        return self.surgery.label(self.surgery.key(node))
