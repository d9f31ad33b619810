"""The facts of a model, inferred without running it: the dtype, shape and source of every value, and the facts of every node.

Facts are inferred anew: `value_info` and declared output shapes may be stale and are dropped first; see solver.py.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from onnx import ModelProto

from graphfix.analysis.known_facts import Known
from graphfix.analysis.shape_refinement import SHAPED_BY
from graphfix.analysis.solver import solve
from graphfix.analysis.values import Dim, NodeFacts, Shape, Value, typed
from graphfix.ir.dtypes import NAMES as DTYPES
from graphfix.ir.records import dataclass
from graphfix.ir.schemas import since
from graphfix.ir.source_location import SourceLocation, has_location, source_location

__all__ = ["DTYPES", "SHAPED_BY", "Dim", "Facts", "NodeFacts", "Shape", "Value", "since", "typed"]


class Inputs(list[Value]):
    """The graph's inputs, without those that have an initializer."""


@dataclass(slots=True)
class Facts(Known):
    """The known facts of a model, and the source locations of its nodes."""

    source: ModelProto | None = None
    """The original model, with its own annotations."""
    derived: dict[type, Any] = field(default_factory=dict)
    """Results of other analyses of these facts, cached by class."""
    origins: dict[NodeFacts, SourceLocation | None] = field(default_factory=dict)
    """The source locations looked up so far, by node."""
    neighbours: dict[NodeFacts, SourceLocation | None] | None = None
    """The source locations of nodes without one of their own, inferred from neighbouring nodes; computed on first use."""
    by_op: dict[str, list[int]] | None = None
    """The positions of the nodes by operator; computed on first use."""

    @classmethod
    def of(cls, model: ModelProto) -> Facts:
        """Infer the facts of a model or a skeleton; the argument is not changed."""
        known = solve(model)
        return cls(known.model, known.nodes, known.values, known.producers, known.trouble, known.opened, known.unsorted, model)

    def of_operator(self, *ops: str) -> list[NodeFacts]:
        """Return the nodes of some operators in any domain, in order; an index is made on first use."""
        if self.by_op is None:
            self.by_op = {}
            for at, node in enumerate(self.nodes):
                self.by_op.setdefault(node.op, []).append(at)
        by_op = self.by_op
        places = [at for op in ops for at in by_op.get(op, ())]
        return [self.nodes[at] for at in (sorted(places) if len(ops) > 1 else places)]

    def origin(self, node: NodeFacts) -> SourceLocation | None:
        """Return the source location of a node in the author's code; a neighbouring node's where the exporter recorded none."""
        if node not in self.origins:
            found = source_location(node.proto, self.source.producer_name if self.source is not None else "")
            if found is None:
                if self.neighbours is None:
                    self.neighbours = self._neighbours()
                found = self.neighbours.get(node)
            self.origins[node] = found
        return self.origins[node]

    def _neighbours(self) -> dict[NodeFacts, SourceLocation | None]:
        if not any(has_location(node.proto) for node in self.nodes):
            return {}
        from graphfix.ir.location_propagation import nearest_locations

        return dict(zip(self.nodes, nearest_locations(self.model.graph), strict=True))

    @property
    def inputs(self) -> list[Value]:
        """Return the graph's inputs, without those that have an initializer."""
        if Inputs not in self.derived:
            known = {tensor.name for tensor in self.model.graph.initializer}
            self.derived[Inputs] = Inputs(typed(info) for info in self.model.graph.input if info.name not in known)
        return list(self.derived[Inputs])
