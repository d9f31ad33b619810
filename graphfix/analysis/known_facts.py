"""What is known so far of a model's values and nodes, and the look-ups of a name in the scope that reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.analysis.dynamic_dims import DynamicDims
from graphfix.analysis.values import NodeFacts, Shape, Value
from graphfix.ir.traversal import Place


@dataclass(slots=True)
class Known:
    """Every node at every depth, in order, and the facts about every value in each scope."""

    model: ModelProto
    nodes: list[NodeFacts] = field(default_factory=list)
    values: dict[tuple[str, ...], dict[str, Value]] = field(default_factory=dict)
    producers: dict[Place, NodeFacts] = field(default_factory=dict)
    trouble: str | None = None
    """What stopped onnx's inference, if something did."""
    opened: DynamicDims = field(default_factory=lambda: DynamicDims(any_dynamic=True))
    """Dims that inference gave up on and that are dynamic for sure."""

    def value(self, name: str, scope: tuple[str, ...] = ()) -> Value | None:
        """The value a name means in a scope, looked up outwards; None for an unknown or empty name."""
        while True:
            found = self.values.get(scope, {}).get(name)
            if found is not None or not scope:
                return found
            scope = scope[:-1]

    def place(self, name: str, scope: tuple[str, ...] = ()) -> Place:
        """The scope in which the value is made that a name means in a scope, and its name."""
        while scope and name not in self.values.get(scope, {}):
            scope = scope[:-1]
        return scope, name

    def producer(self, name: str, scope: tuple[str, ...] = ()) -> NodeFacts | None:
        """The node that makes the value a name means in a scope; None for inputs and initializers."""
        return self.producers.get(self.place(name, scope))

    @property
    def opsets(self) -> dict[str, int]:
        """Opset version by domain, the empty domain being ai.onnx."""
        return {"" if o.domain == "ai.onnx" else o.domain: o.version for o in self.model.opset_import}

    def shapes(self) -> dict[Place, Shape | None]:
        """The shape of every value."""
        return {(scope, name): value.shape for scope, values in self.values.items() for name, value in values.items()}
