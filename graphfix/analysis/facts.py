"""What is known of every value in a model without running it: dtype, shape, constancy, and the node beside it.

Facts are inferred anew: `value_info` and declared output shapes may be stale and are dropped first; see solver.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.analysis.known_facts import Known
from graphfix.analysis.shape_refinement import SHAPED_BY
from graphfix.analysis.solver import solve
from graphfix.analysis.values import Dim, NodeFacts, Shape, Value, typed
from graphfix.ir.dtypes import NAMES as DTYPES
from graphfix.ir.schemas import since
from graphfix.ir.source_location import Origin, bears, origin

__all__ = ["DTYPES", "SHAPED_BY", "Dim", "Facts", "NodeFacts", "Shape", "Value", "since", "typed"]


@dataclass(slots=True)
class Facts(Known):
    """What is known of a model, and where its nodes come from."""

    source: ModelProto | None = None
    """The model as it was given, with its own annotations."""
    derived: dict[type, Any] = field(default_factory=dict)
    """What others have worked out from the facts once, by its class."""
    origins: dict[NodeFacts, Origin | None] = field(default_factory=dict)
    """Where the nodes come from that have been asked about."""
    neighbours: dict[NodeFacts, Origin | None] | None = None
    """Where those come from that do not say so themselves; filled in when there is one."""

    @classmethod
    def of(cls, model: ModelProto) -> Facts:
        """Infer the facts of a model or a skeleton; the argument is not changed."""
        known = solve(model)
        return cls(known.model, known.nodes, known.values, known.producers, known.trouble, known.opened, model)

    def origin(self, node: NodeFacts) -> Origin | None:
        """Where in the author's code a node comes from; a neighbour's place where the exporter left it none."""
        if node not in self.origins:
            found = origin(node.proto, self.source.producer_name if self.source is not None else "")
            if found is None:
                if self.neighbours is None:
                    self.neighbours = self._neighbours()
                found = self.neighbours.get(node)
            self.origins[node] = found
        return self.origins[node]

    def _neighbours(self) -> dict[NodeFacts, Origin | None]:
        if not any(bears(node.proto) for node in self.nodes):
            return {}
        from graphfix.ir.location_propagation import nearest

        return dict(zip(self.nodes, nearest(self.model.graph), strict=True))

    @property
    def inputs(self) -> list[Value]:
        """The graph's own inputs, without those that only name an initializer."""
        known = {tensor.name for tensor in self.model.graph.initializer}
        return [typed(info) for info in self.model.graph.input if info.name not in known]
