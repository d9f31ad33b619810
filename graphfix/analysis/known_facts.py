"""The facts known so far of a model's values and nodes, and the lookup of a name from the scope that reads it."""

from __future__ import annotations

from dataclasses import field

from onnx import ModelProto

from graphfix.analysis.dynamic_dims import DynamicDims
from graphfix.analysis.values import NodeFacts, Shape, Value
from graphfix.ir.records import dataclass
from graphfix.ir.traversal import Place


@dataclass(slots=True)
class Known:
    """The facts of every node at every depth, in order, and of every value in each scope."""

    model: ModelProto
    nodes: list[NodeFacts] = field(default_factory=list)
    values: dict[tuple[str, ...], dict[str, Value]] = field(default_factory=dict)
    producers: dict[tuple[str, ...], dict[str, NodeFacts]] = field(default_factory=dict)
    trouble: str | None = None
    """The error that stopped onnx's shape inference, or None."""
    opened: DynamicDims = field(default_factory=lambda: DynamicDims(any_dynamic=True))
    """The dims that onnx did not infer and that are surely dynamic."""
    unsorted: bool = False
    """Whether a graph of the model as it was given lists a node before one that it reads."""

    def value(self, name: str, scope: tuple[str, ...] = ()) -> Value | None:
        """Return the value of a name in a scope, looked up from inner to outer scopes; None for an unknown or empty name."""
        while True:
            found = self.values.get(scope, {}).get(name)
            if found is not None or not scope:
                return found
            scope = scope[:-1]

    def place(self, name: str, scope: tuple[str, ...] = ()) -> Place:
        """Return the scope that defines the value of a name read in a scope, and the name."""
        while scope and name not in self.values.get(scope, {}):
            scope = scope[:-1]
        return scope, name

    def producer(self, name: str, scope: tuple[str, ...] = ()) -> NodeFacts | None:
        """Return the producer of the value of a name in a scope; None for inputs and initializers."""
        scope, name = self.place(name, scope)
        return self.producers.get(scope, {}).get(name)

    @property
    def opsets(self) -> dict[str, int]:
        """Return the opset version by domain; the empty domain is ai.onnx."""
        return {"" if o.domain == "ai.onnx" else o.domain: o.version for o in self.model.opset_import}

    def shapes(self) -> dict[Place, Shape | None]:
        """Return the shape of every value."""
        return {(scope, name): value.shape for scope, values in self.values.items() for name, value in values.items()}
