"""What is known of every value in a model without running it: dtype, shape, constancy, and the node beside it.

Facts are inferred anew by onnx.shape_inference: `value_info` and declared output shapes may be stale and are
dropped first. Shape arithmetic that onnx's own data propagation gives up on is folded here (folding.py) and
inferred a second time.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto

from graphfix.at_one import clashes
from graphfix.company import in_company
from graphfix.folding import tensor_value
from graphfix.infer import NAMES as DTYPES
from graphfix.infer import Place, branch_scope, infer, named, pinned, replace, stripped, unannotated
from graphfix.invariants import invariants
from graphfix.laws import gravest
from graphfix.open_dims import DynamicDims
from graphfix.origin import Origin, bears, origin
from graphfix.plain import marked, overlooked
from graphfix.produced import produced
from graphfix.regrouping import regroupings
from graphfix.requantising import requantisings
from graphfix.reshaping import WINDOWED, reshaped
from graphfix.resized import LOSSES, resized
from graphfix.settling import (
    SHAPED_BY,
    assumed,
    counted_outputs,
    decided,
    decided_outputs,
    foldable_operands,
    lasting,
    quantised_outputs,
    ranked_outputs,
    recurrent_outputs,
    sliced_outputs,
    taken,
    unseen_outputs,
)
from graphfix.stretching import feedings
from graphfix.thinning import thinnings
from graphfix.values import Dim, NodeFacts, Shape, Value, typed

if TYPE_CHECKING:
    from graphfix.provenance import Provenance

__all__ = ["DTYPES", "SHAPED_BY", "Dim", "Facts", "NodeFacts", "Shape", "Value", "since", "typed"]

MOST_ROUNDS = 32
"""Rounds of inference: each settles what hangs on the sizes that the last one found."""


@dataclass(slots=True)
class Facts:
    """Every node at every depth, in order, and the facts about every value in each scope."""

    model: ModelProto
    nodes: list[NodeFacts] = field(default_factory=list)
    values: dict[tuple[str, ...], dict[str, Value]] = field(default_factory=dict)
    producers: dict[tuple[tuple[str, ...], str], NodeFacts] = field(default_factory=dict)
    trouble: str | None = None
    trace: Provenance | None = None
    """Where values come from; provenance.py fills it in when a rule first asks."""
    source: ModelProto | None = None
    """The model as it was given, with its own annotations."""
    plain: dict[Place, Shape | None] = field(default_factory=dict)
    """Shapes as they were before the initial states of recurrent nodes were asked about the results of every step."""
    origins: dict[NodeFacts, Origin | None] = field(default_factory=dict)
    """Where the nodes come from that have been asked about."""
    opened: DynamicDims = field(default_factory=lambda: DynamicDims(any_dynamic=True))
    """Dims that inference gave up on and that are open for sure."""
    ahead: dict[Place, Value] = field(default_factory=dict)
    """Values of which folding knows a size that inference did not see."""
    neighbours: dict[NodeFacts, Origin | None] | None = None
    """Where those come from that do not say so themselves; filled in when there is one."""

    @classmethod
    def of(cls, model: ModelProto) -> Facts:
        """Infer the facts of a model or a skeleton; the argument is not changed."""
        work = stripped(model)
        if work.functions:
            from onnx import inliner

            from graphfix.inheritance import inherit

            inlined = inliner.inline_local_functions(work)
            inherit(work, inlined, model.producer_name)
            work = inlined
        inferred, trouble = infer(named(work))
        settled: set[Place] = set()
        pins: dict[Place, Value] = {}
        plain: dict[Place, Shape | None] = {}
        any_open = not all(typed(info).fixed for info in work.graph.input)
        for _ in range(MOST_ROUNDS):
            facts = cls(work, trouble=trouble, source=model, plain=plain, opened=DynamicDims(any_open))
            _walk(facts, work.graph, inferred.graph, (), facts.opsets)
            found = foldable_operands(facts, settled)
            ran = decided_outputs(facts, pins)
            ran |= recurrent_outputs(facts, pins, "last") | ranked_outputs(facts, pins) | quantised_outputs(facts, pins)
            ran |= unseen_outputs(facts, pins) | counted_outputs(facts, pins) | sliced_outputs(facts, pins)
            ran = lasting(ran, pins)
            if not found and not ran:
                ran = recurrent_outputs(facts, pins, "all")
                plain = plain or {(s, name): v.shape for s, values in facts.values.items() for name, v in values.items()}
            if not found and not ran:
                break
            settled.update(found)
            pins.update(ran)
            replace(inferred.graph, (), found)
            stated = {place: (value.dtype, value.shape or ()) for place, value in pins.items()}
            inferred, trouble = infer(pinned(unannotated(inferred), stated))
        if any_open:
            marked(facts.nodes, facts.producers, overlooked(facts.nodes, facts.values[()], inferred, model))
        return facts

    def value(self, name: str, scope: tuple[str, ...] = ()) -> Value | None:
        """The value a name means in a scope, looked up outwards; None for an unknown or empty name."""
        while True:
            found = self.values.get(scope, {}).get(name)
            if found is not None or not scope:
                return found
            scope = scope[:-1]

    def producer(self, name: str, scope: tuple[str, ...] = ()) -> NodeFacts | None:
        """The node that makes the value a name means in a scope; None for inputs and initializers."""
        while True:
            if name in self.values.get(scope, {}):
                return self.producers.get((scope, name))
            if not scope:
                return None
            scope = scope[:-1]

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
        from graphfix.inheritance import nearest

        return dict(zip(self.nodes, nearest(self.model.graph), strict=True))

    @property
    def inputs(self) -> list[Value]:
        """The graph's own inputs, without those that only name an initializer."""
        known = {tensor.name for tensor in self.model.graph.initializer}
        return [typed(info) for info in self.model.graph.input if info.name not in known]

    @property
    def opsets(self) -> Mapping[str, int]:
        """Opset version by domain, the empty domain being ai.onnx."""
        return _opsets(self.model)


def _opsets(model: ModelProto) -> dict[str, int]:
    return {"" if o.domain == "ai.onnx" else o.domain: o.version for o in model.opset_import}


@functools.cache
def since(op: str, domain: str, version: int) -> int:
    """The schema version of an operator at an opset version; 0 when ONNX defines no such operator."""
    try:
        return int(onnx.defs.get_schema(op, version, domain).since_version)
    except onnx.defs.SchemaError:
        return 0


def _walk(
    facts: Facts,
    graph: GraphProto,
    inferred: GraphProto,
    scope: tuple[str, ...],
    opsets: Mapping[str, int],
    under: str = "nothing",
    kept: Mapping[str, Value | None] | None = None,
) -> list[str]:
    """Gather the facts of one graph and give the names it reads from outside; `inferred` is the annotated graph.

    `kept` are values outside that inputs of the graph are, whenever it runs.
    """
    known = {info.name: info for infos in (inferred.value_info, inferred.output) for info in infos}
    values = facts.values[scope] = {info.name: typed(info) for info in inferred.input}
    for name, outer in (kept or {}).items():
        if outer is not None:
            values[name] = dataclasses.replace(values[name], dtype=outer.dtype, shape=outer.shape)
    for tensor in graph.initializer:
        dims = tuple(tensor.dims)
        values[tensor.name] = Value(tensor.name, DTYPES.get(tensor.data_type, ""), dims, "constant", tensor_value(tensor))
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        values[name] = Value(name, DTYPES.get(sparse.values.data_type, ""), tuple(sparse.dims), "constant")
    read: dict[str, None] = {}
    regrouping, accompanied, thinning = regroupings(graph), in_company(graph, opsets), thinnings(graph)
    entries: dict[int, NodeFacts] = {}
    places: dict[int, int] = {}
    for position, node in enumerate(graph.node):
        op, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        given, made = node.input[:], node.output[:]  # as lists: each loop over protobuf's own sequences ends in an error within
        inputs = tuple([(values.get(name) or facts.value(name, scope)) if name else None for name in given])
        branches: list[tuple[Value | None, ...]] = []
        captured, broken = dict[str, None](), "none"
        bodies = [item for item in node.attribute[:] if item.type == AttributeProto.GRAPH]
        if bodies:
            before, runs_under = len(facts.nodes), _condition(node, inputs, under)
            for item, other in zip(node.attribute, inferred.node[position].attribute, strict=False):
                if item.type == AttributeProto.GRAPH:
                    inner = branch_scope(scope, node, item.name)
                    same = {name: facts.value(outer, scope) for name, outer in invariants(node).items()}
                    captured.update(dict.fromkeys(_walk(facts, item.g, other.g, inner, opsets, runs_under, same)))
                    branches.append(tuple(facts.value(o.name, inner) for o in item.g.output))
            broken = gravest(facts.nodes[before:])
        version = since(op, domain, opsets.get(domain, 0))
        stated = [typed(known[name]) if name in known else Value(name) for name in made]
        outputs = tuple([produced(node, inputs, value, i, version) for i, value in enumerate(stated)])
        ran = taken(node, inputs, branches) if branches else None
        if ran is not None:
            outputs = tuple(map(decided, outputs, ran))
        if facts.plain:
            outputs = tuple(assumed(value, facts.plain.get((scope, value.name), value.shape)) for value in outputs)
        outputs = facts.opened.settle(node, inputs, outputs)
        entry = NodeFacts(
            node, op, domain, scope, inputs, tuple([o if o.name else None for o in outputs]),
            version, tuple(branches), tuple(captured), broken, under, position in regrouping, position in accompanied,
            op in LOSSES and resized(op, inputs[0] if inputs else None, lambda name: facts.producer(name, scope)),
            position in thinning, clashes(node, inputs, facts.opened.extents),
            reshaped=reshaped(inputs[0] if inputs else None, lambda name: facts.producer(name, scope))
            if op in WINDOWED else "nothing",
        )  # fmt: skip
        entries[position], places[position] = entry, len(facts.nodes)
        facts.nodes.append(entry)
        if scope:
            read.update(dict.fromkeys([name for name in (*given, *captured) if name and name not in values]))
        for value, told in zip(outputs, stated, strict=True):
            if value.shape != told.shape and value.source in ("folded", "shape", "cast-shape") and value.fixed:
                facts.ahead[scope, value.name] = value
            if value.name:
                values[value.name] = value
                facts.producers[scope, value.name] = entry
    fed = {at: dataclasses.replace(entries[at], feeds=feeding) for at, feeding in feedings(graph, entries).items()}
    fed |= {at: dataclasses.replace(entries[at], requantised=word) for at, word in requantisings(entries).items()}
    for position, entry in fed.items():
        facts.nodes[places[position]] = entry
        facts.producers.update({(scope, name): entry for name in entry.proto.output[:] if name})
    read.update(dict.fromkeys(output.name for output in graph.output if output.name not in values))
    return list(read)


SETTLED = ("nothing", "constant", "folded", "shape", "cast-shape", "runtime")
"""What a node's execution may hang on, the most settled first."""


def _condition(node: NodeProto, inputs: tuple[Value | None, ...], under: str) -> str:
    """What the subgraphs of a node are run under: the least settled of its condition's source and what is around it."""
    condition = inputs[0] if node.op_type == "If" and inputs else None
    return max(under, "runtime" if condition is None else condition.source, key=SETTLED.index)
