"""A view of a model's facts for the matcher (matcher.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from graphfix.analysis.constant_folding import Array, attribute
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import NodeFacts
from graphfix.ir.records import dataclass


@dataclass(slots=True)
class FactsView:
    """A model's facts: nodes at every depth, and values by name in the scope of their consumer."""

    facts: Facts
    _readers: dict[str, list[NodeFacts]] = field(default_factory=dict)
    _inputs: dict[int, list[str | None]] = field(default_factory=dict)
    _outputs: dict[int, list[str | None]] = field(default_factory=dict)

    def op(self, node: NodeFacts) -> str:
        """Return the operator, prefixed by its domain and a dot where that is not ONNX's own."""
        return f"{node.domain}.{node.op}" if node.domain else node.op

    def inputs(self, node: NodeFacts) -> Sequence[str | None]:
        """Return the operands of a node."""
        found = self._inputs.get(id(node))
        if found is None:
            found = self._inputs[id(node)] = [name or None for name in node.proto.input[:]]
        return found

    def outputs(self, node: NodeFacts) -> Sequence[str | None]:
        """Return the outputs of a node."""
        found = self._outputs.get(id(node))
        if found is None:
            found = self._outputs[id(node)] = [name or None for name in node.proto.output[:]]
        return found

    def attribute(self, node: NodeFacts, name: str) -> Any:
        """Return an attribute's value; None where it is left out."""
        return attribute(node.proto, name)

    def producer(self, value: str, reader: NodeFacts) -> NodeFacts | None:
        """Return the producer of an operand; None for graph inputs and initializers."""
        return self.facts.producer(value, reader.scope)

    def consumers(self, value: str, maker: NodeFacts) -> Sequence[NodeFacts]:
        """Return the consumers of an output, each as often as it reads the value."""
        if not self._readers:
            self._readers = defaultdict(list)
            for node in self.facts.nodes:
                for name in node.proto.input[:]:
                    self._readers[name].append(node)
        return [one for one in self._readers.get(value, ()) if self.facts.producer(value, one.scope) is maker]

    def leaves(self, value: str, maker: NodeFacts) -> bool:
        """Whether a value is an output of the main graph; outputs of subgraphs are not considered."""
        return bool(maker.scope) or any(output.name == value for output in self.facts.model.graph.output)

    def constant(self, value: str, reader: NodeFacts) -> Array | None:
        """Return the array of an operand, where it is known."""
        found = self.facts.value(value, reader.scope)
        return None if found is None else found.constant

    def key(self, value: str) -> str:
        """Return the name."""
        return value

    def label(self, node: NodeFacts) -> str:
        """Return a label for a node."""
        return node.label
