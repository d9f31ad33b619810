"""Inference of a model's facts: onnx's shape inference once over the whole model, then one walk that infers what onnx could not.

onnx does not infer much of the shape arithmetic that folding can evaluate. Where folding or an operator's rule infers more of a
value than onnx did, its consumers are inferred again one by one in graph order, in subgraphs as well, so that one walk resolves
whole chains of such nodes: each node is inferred a bounded number of times, however long the chains are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto

from graphfix.analysis.constant_folding import tensor_value
from graphfix.analysis.dynamic_dims import DynamicDims
from graphfix.analysis.known_facts import Known
from graphfix.analysis.loop_invariants import invariants
from graphfix.analysis.node_inference import NodeInference, Operand, merged
from graphfix.analysis.node_memo import NodeMemo
from graphfix.analysis.node_transfer import KINDS, NO_BODIES, Bodies, Scope, Step, Told, Transfer, improves
from graphfix.analysis.operand_conflicts import gravest_conflict
from graphfix.analysis.patterns.normalized_sizes import normalized_unknown
from graphfix.analysis.patterns.plain_sizes import sizes_unknown
from graphfix.analysis.patterns.registry import judged, noted, recognise
from graphfix.analysis.patterns.settled_result import settled_results
from graphfix.analysis.patterns.stated_end import stated_ends
from graphfix.analysis.shape_inference import (
    MANY_VALUES,
    infer,
    replace,
    return_free_memory,
    types_found,
    without_payloads,
    without_types,
)
from graphfix.analysis.unfolded_inference import Plain, plain_sizes, sizes_missed
from graphfix.analysis.values import NodeFacts, Value, typed
from graphfix.ir.dtypes import NAMES
from graphfix.ir.node_order import sort_nodes
from graphfix.ir.records import dataclass
from graphfix.ir.schemas import since
from graphfix.ir.traversal import branch_scope

EXACT = frozenset({"float32", "float16", "bfloat16", "float64", "bool"})
"""Dtypes of which onnx evaluates no values."""
SETTLED = ("nothing", "constant", "folded", "shape", "cast-shape", "runtime")
"""The sources of the condition that a node's execution depends on, the most static first."""


def solve(model: ModelProto) -> Known:
    """Infer the facts of a model or a skeleton; the argument is not changed."""
    work, unsorted = _inlined(model)
    inferred, types, trouble = _inferred(work)
    any_open = not all(typed(info).fixed for info in work.graph.input)
    known = Known(work, trouble=trouble, opened=DynamicDims(any_open), unsorted=unsorted)
    transfer = Transfer(known, NodeInference(inferred))
    Solver(transfer).walk(work.graph, inferred.graph, types)
    if transfer.waiting:  # last, as not every compiler infers the batch size from the initial states of recurrent nodes
        known = Known(work, trouble=trouble, opened=DynamicDims(any_open), unsorted=unsorted)
        transfer = Transfer(known, transfer.inference, transfer.known.shapes(), transfer.folded)
        types = types_found(inferred.graph) if inferred.graph.value_info else _inferred(work)[1]
        Solver(transfer).walk(work.graph, inferred.graph, types)
    known, folded = transfer.known, transfer.folded
    plain = any_open and (bool(transfer.improved) or trouble is not None or any(map(_computes, known.nodes)))
    annotated = inferred if plain else None
    del inferred, transfer  # a copy of the model, which nothing else needs
    if annotated is None and len(known.nodes) > MANY_VALUES:
        return_free_memory()
    recognise(known)
    noted(known, settled_results(known.nodes, model.graph))
    noted(known, stated_ends(known.nodes, model.graph))
    told: Plain = {}
    if annotated is not None:
        if folded:
            replace(annotated.graph, (), folded)
        told = plain_sizes(known.values[()], annotated, model)
        noted(known, sizes_missed(known.nodes, told))
    if any_open:
        noted(known, sizes_unknown(known.nodes, known.producer, told))
        noted(known, normalized_unknown(known.nodes, known.producer, told))
    return known


def _inferred(work: ModelProto) -> tuple[ModelProto, Told, str | None]:
    """Return a model as passed to onnx, the types that onnx inferred in its main graph, and the error that stopped it or None."""
    inferred, trouble = infer(work)
    told = types_found(inferred.graph)
    slim = without_types(inferred)
    if slim is not inferred:
        del inferred
        return_free_memory()
    return slim, told, trouble


def _computes(node: NodeFacts) -> bool:
    """Return whether a node may compute integers that are sizes, so that inference which evaluates them infers more."""
    return node.op != "Constant" and any(
        value is not None and value.dtype not in EXACT and (value.rank is None or value.rank < 2) for value in node.outputs
    )


def _inlined(model: ModelProto) -> tuple[ModelProto, bool]:
    """Return a copy without large tensor data, sorted, the calls of local functions inlined; and whether it was unsorted."""
    work = without_payloads(model)
    unsorted = sort_nodes(work) > 0
    if not work.functions:
        return work, unsorted
    from onnx import inliner

    from graphfix.ir.location_propagation import propagate_locations

    inlined = inliner.inline_local_functions(work)
    propagate_locations(work, inlined, model.producer_name)
    return inlined, unsorted


@dataclass(frozen=True, slots=True)
class Level:
    """One graph of the walk, the main graph or a subgraph, with its copy annotated by onnx."""

    graph: GraphProto
    inputs: Sequence[ValueInfoProto]
    nodes: Sequence[NodeProto]
    """The nodes as passed to onnx."""
    scope: Scope
    under: str
    told: Told
    read: dict[str, None] = field(default_factory=dict)
    """The names read from outer scopes, in order."""


@dataclass(slots=True)
class Solver:
    """One walk over the nodes of a model and its subgraphs, in order."""

    transfer: Transfer
    known: Known = field(init=False)
    opsets: Mapping[str, int] = field(init=False)
    memo: NodeMemo = field(init=False)

    def __post_init__(self) -> None:
        self.known = self.transfer.known
        self.opsets = self.known.opsets
        self.memo = NodeMemo(self.transfer)

    def walk(
        self, graph: GraphProto, inferred: GraphProto, told: Told, scope: Scope = (), under: str = "nothing",
        given: Sequence[ValueInfoProto] = (), kept: Mapping[str, Value | None] | None = None,
    ) -> list[str]:  # fmt: skip
        """Infer the facts of one graph and return the names it reads from outer scopes.

        `inferred` is the graph as passed to onnx, `told` the types that onnx inferred, each removed once it was used. `given` are
        further facts about its inputs; `kept` are the outer values that its inputs equal in every iteration.
        """
        level = Level(graph, inferred.input, inferred.node, scope, under, told)
        values = self.known.values[scope] = self._inputs(level, given, kept or {})
        producers = self.known.producers[scope] = {}
        values.update(_weights(graph))
        for position, node in enumerate(graph.node):
            entry = self._node(level, position, node)
            self.known.nodes.append(entry)
            for value in entry.outputs:
                if value is not None:
                    values[value.name] = value
                    producers[value.name] = entry
                    told.pop(value.name, None)  # which frees memory for the facts of later nodes
        level.read.update(dict.fromkeys(output.name for output in graph.output if output.name not in values))
        return list(level.read)

    def _inputs(self, level: Level, given: Sequence[ValueInfoProto], kept: Mapping[str, Value | None]) -> dict[str, Value]:
        """Return the facts of a graph's inputs."""
        values = {}
        better = {info.name: typed(info).shape for info in given}
        for info in level.inputs:
            value, place = typed(info), (level.scope, info.name)
            if value.dtype in KINDS:
                self.transfer.kinds[place] = info.type
            outer = kept.get(info.name)
            shape = outer.shape if outer is not None else merged(value.shape, better.get(info.name))
            if improves(value.shape, shape):
                self.transfer.improved.add(place)
            dtype = outer.dtype if outer is not None else value.dtype
            values[info.name] = (
                value if outer is None and shape == value.shape else dataclasses.replace(value, dtype=dtype, shape=shape)
            )
        return values

    def _node(self, level: Level, position: int, node: NodeProto) -> NodeFacts:
        """Return the facts of one node, after walking its subgraphs."""
        op, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        known, scope = self.known, level.scope
        values = known.values[scope]
        given = node.input[:]  # a list, as each loop over a protobuf sequence ends with an internal exception
        inputs = tuple([(values.get(name) or known.value(name, scope)) if name else None for name in given])
        bodies = NO_BODIES
        attributes = node.attribute[:]
        if attributes and any(item.type == AttributeProto.GRAPH for item in attributes):
            bodies = self._bodies(level, node, level.nodes[position], inputs)
        if scope:
            for name in (*given, *bodies.captured):
                if name not in values and name:
                    level.read[name] = None
        version = since(op, domain, self.opsets.get(domain, 0))
        key = self.memo.key(node, attributes, op, domain, scope, version, inputs, level.told) if bodies is NO_BODIES else None
        found = self.memo.take(key, node) if key is not None else None
        if found is None:
            step = Step(node, level.nodes, position, op, domain, inputs, version, bodies)
            outputs = self.transfer.outputs(scope, level.told, step)
            structure = () if domain else judged(op, node, inputs, known.opened.extents)
            form = self.memo.keep(key, inputs, outputs, structure) if key is not None else 0
        else:
            outputs, structure, form = found
        return NodeFacts(
            node, op, domain, scope, inputs, tuple([o if o.name else None for o in outputs]), version, bodies.branches,
            bodies.captured, bodies.broken, level.under, structure, form,
        )  # fmt: skip

    def _bodies(self, level: Level, node: NodeProto, inferred: NodeProto, inputs: tuple[Value | None, ...]) -> Bodies:
        """Walk the subgraphs of a node."""
        known, scope, before = self.known, level.scope, len(self.known.nodes)
        under = _condition(node, inputs, level.under)
        lent = self._body_inputs(level, inferred)
        captured: dict[str, None] = {}
        branches: list[tuple[Value | None, ...]] = []
        given: dict[str, Sequence[Operand | None]] = {}
        improved = False
        for item, other in zip(node.attribute, inferred.attribute, strict=False):
            if item.type == AttributeProto.GRAPH:
                inner = branch_scope(scope, node, item.name)
                same = {name: known.value(outer, scope) for name, outer in invariants(node).items()}
                captured.update(
                    dict.fromkeys(self.walk(item.g, other.g, types_found(other.g), inner, under, lent.get(item.name, ()), same))
                )
                names = [output.name for output in item.g.output]
                branches.append(tuple(known.value(name, inner) for name in names))
                given[item.name] = [self.transfer.operand(name, inner) for name in names]
                improved |= any(known.place(name, inner) in self.transfer.improved for name in names)
        return Bodies(tuple(branches), tuple(captured), gravest_conflict(known.nodes[before:]), given, improved)

    def _body_inputs(self, level: Level, inferred: NodeProto) -> Mapping[str, Sequence[ValueInfoProto]]:
        """Infer the inputs of a node's subgraphs from operands of which more is known than onnx inferred."""
        if not self.transfer.reads(self.transfer.improved, level.scope, inferred):
            return {}
        given = {
            item.name: [Operand(output.type) for output in item.g.output]
            for item in inferred.attribute[:] if item.type == AttributeProto.GRAPH
        }  # fmt: skip
        operands = [self.transfer.operand(name, level.scope) for name in inferred.input[:]]
        return self.transfer.inference.infer(inferred, operands, given).bodies


def _weights(graph: GraphProto) -> dict[str, Value]:
    """Return the facts of a graph's initializers."""
    found = {}
    for tensor in graph.initializer:
        dims = tuple(tensor.dims)
        found[tensor.name] = Value(tensor.name, NAMES.get(tensor.data_type, ""), dims, "constant", tensor_value(tensor))
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        found[name] = Value(name, NAMES.get(sparse.values.data_type, ""), tuple(sparse.dims), "constant")
    return found


def _condition(node: NodeProto, inputs: tuple[Value | None, ...], under: str) -> str:
    """Return the least static of the source of a node's condition and the condition of the enclosing scope."""
    condition = inputs[0] if node.op_type == "If" and inputs else None
    return max(under, "runtime" if condition is None else condition.source, key=SETTLED.index)
