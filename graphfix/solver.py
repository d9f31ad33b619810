"""Infers the facts of a model: onnx's inference once over the whole, then one walk that carries on what it could not follow.

onnx gives up on much shape arithmetic that folding follows. Where folding or a rule of an operator tells more of a value than
onnx did, the nodes that read it are inferred again one by one in the order of the graph, in subgraphs as well, so that a walk
settles whole rows of such nodes: each node is inferred a bounded number of times, however long the rows are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TypeProto, ValueInfoProto

from graphfix.at_one import clashes
from graphfix.company import in_company
from graphfix.folding import Array, tensor_value
from graphfix.infer import NAMES, Place, branch_scope, infer, named, replace, stripped
from graphfix.invariants import invariants
from graphfix.known import Known
from graphfix.laws import gravest
from graphfix.node_inference import NodeInference, Operand, inferred_value, joined_parts, merged
from graphfix.open_dims import FRESH, OpenDims
from graphfix.plain import marked, overlooked
from graphfix.produced import produced
from graphfix.regrouping import regroupings
from graphfix.requantising import requantisings
from graphfix.reshaping import WINDOWED, reshaped
from graphfix.resized import LOSSES, resized
from graphfix.schemas import since
from graphfix.settling import assumed, by_every_step, decided, has_rule, refined, taken, telling_operands
from graphfix.stretching import feedings
from graphfix.thinning import thinnings
from graphfix.values import Dim, NodeFacts, Shape, Sizes, Value, is_unclear, typed

Scope = tuple[str, ...]
SETTLED = ("nothing", "constant", "folded", "shape", "cast-shape", "runtime")
"""What a node's execution may hang on, the most settled first."""


def solve(model: ModelProto) -> Known:
    """Infer the facts of a model or a skeleton; the argument is not changed."""
    work = _inlined(model)
    inferred, trouble = infer(named(work))
    any_open = not all(typed(info).fixed for info in work.graph.input)
    solver = Solver(Known(work, trouble=trouble, opened=OpenDims(any_open)), NodeInference(inferred))
    solver.walk(work.graph, inferred.graph)
    if solver.waiting:  # asked last: not every compiler takes the batch size from the initial states of recurrent nodes
        plain = {(scope, name): value.shape for scope, values in solver.known.values.items() for name, value in values.items()}
        known = Known(work, trouble=trouble, opened=OpenDims(any_open))
        solver = Solver(known, solver.inference, plain=plain, folded=solver.folded)
        solver.walk(work.graph, inferred.graph)
    known = solver.known
    if any_open:
        replace(inferred.graph, (), solver.folded)
        marked(known.nodes, known.producers, overlooked(known.nodes, known.values[()], inferred, model))
    return known


def _inlined(model: ModelProto) -> ModelProto:
    """A thin copy without the model's own functions, whose nodes stand where they were called."""
    work = stripped(model)
    if not work.functions:
        return work
    from onnx import inliner

    from graphfix.inheritance import inherit

    inlined = inliner.inline_local_functions(work)
    inherit(work, inlined, model.producer_name)
    return inlined


def opsets(model: ModelProto) -> dict[str, int]:
    """Opset version by domain, the empty domain being ai.onnx."""
    return {"" if o.domain == "ai.onnx" else o.domain: o.version for o in model.opset_import}


@dataclass(frozen=True, slots=True)
class Level:
    """One graph that is walked: the model's own or a subgraph, beside itself as onnx annotated it."""

    graph: GraphProto
    inferred: GraphProto
    scope: Scope
    under: str
    told: Mapping[str, ValueInfoProto]
    """What onnx says of the values made in the graph."""
    regroups: set[int]
    accompanied: set[int]
    thins: set[int]


@dataclass(frozen=True, slots=True)
class Bodies:
    """What is known of a node's subgraphs once they are walked."""

    branches: tuple[tuple[Value | None, ...], ...] = ()
    captured: tuple[str, ...] = ()
    broken: str = "none"
    given: Mapping[str, Sequence[Operand | None]] = field(default_factory=dict)
    """The types of what they hand out, by attribute."""
    improved: bool = False
    """Whether more is known of some than onnx said."""


NONE = Bodies()
KINDS = ("sequence", "optional", "map", "sparse_tensor")
"""What values may be that are no tensors."""


@dataclass(slots=True)
class Solver:
    """One walk over the nodes; without `plain` the initial states of recurrent nodes say nothing of the results of every step."""

    known: Known
    inference: NodeInference
    plain: Mapping[Place, Shape | None] | None = None
    """The shapes as they were when nothing was asked of those states."""
    folded: dict[Place, Array] = field(default_factory=dict)
    """Values found by folding that decide a shape."""
    improved: set[Place] = field(default_factory=set)
    """Values of which more is known than onnx said."""
    lost: set[Place] = field(default_factory=set)
    """Values that onnx told a shape of, and that come from a node which turned out to contradict its operands."""
    kinds: dict[Place, TypeProto] = field(default_factory=dict)
    """The types of values that are no tensors."""
    parts: dict[Place, Sizes] = field(default_factory=dict)
    """The elements of vectors that are joined from several, of which some are unknown."""
    waiting: bool = False
    """Whether some initial state tells the batch size of results of every step."""
    made_up: int = 0
    opsets: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.opsets = opsets(self.known.model)

    def walk(
        self, graph: GraphProto, inferred: GraphProto, scope: Scope = (), under: str = "nothing",
        given: Sequence[ValueInfoProto] = (), kept: Mapping[str, Value | None] | None = None,
    ) -> list[str]:  # fmt: skip
        """Gather the facts of one graph and give the names it reads from outside; `inferred` is the annotated graph.

        `given` is what is known of its inputs beyond that; `kept` are values outside that inputs are, whenever it runs.
        """
        told = {info.name: info for infos in (inferred.value_info, inferred.output) for info in infos}
        level = Level(
            graph, inferred, scope, under, told, regroupings(graph), in_company(graph, self.opsets), thinnings(graph)
        )  # fmt: skip
        values = self.known.values[scope] = self._inputs(level, given, kept or {})
        values.update(_weights(graph))
        read: dict[str, None] = {}
        entries: dict[int, NodeFacts] = {}
        places: dict[int, int] = {}
        for position, node in enumerate(graph.node):
            entry = entries[position] = self._node(level, position, node, inferred.node[position])
            places[position] = len(self.known.nodes)
            self.known.nodes.append(entry)
            if scope:
                names = (*node.input[:], *entry.captured)
                read.update(dict.fromkeys([name for name in names if name and name not in values]))
            for value in entry.outputs:
                if value is not None:
                    values[value.name] = value
                    self.known.producers[scope, value.name] = entry
        self._replace_entries(level, entries, places)
        read.update(dict.fromkeys(output.name for output in graph.output if output.name not in values))
        return list(read)

    def _inputs(self, level: Level, given: Sequence[ValueInfoProto], kept: Mapping[str, Value | None]) -> dict[str, Value]:
        """What is known of the inputs of a graph."""
        values = {}
        better = {info.name: typed(info).shape for info in given}
        for info in level.inferred.input:
            value, place = typed(info), (level.scope, info.name)
            self._note_kind(place, value, info)
            outer = kept.get(info.name)
            shape = outer.shape if outer is not None else merged(value.shape, better.get(info.name))
            if _improves(value.shape, shape):
                self.improved.add(place)
            dtype = outer.dtype if outer is not None else value.dtype
            values[info.name] = (
                value if outer is None and shape == value.shape else dataclasses.replace(value, dtype=dtype, shape=shape)
            )
        return values

    def _node(self, level: Level, position: int, node: NodeProto, inferred: NodeProto) -> NodeFacts:
        """The entry of one node, its subgraphs walked."""
        op, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
        known, scope = self.known, level.scope
        values = known.values[scope]
        inputs = tuple([(values.get(name) or known.value(name, scope)) if name else None for name in node.input[:]])
        bodies = self._bodies(level, node, inferred, inputs)
        version = since(op, domain, self.opsets.get(domain, 0))
        outputs = self._outputs(level, Step(node, inferred, domain, inputs, version, bodies))
        return NodeFacts(
            node, op, domain, scope, inputs, tuple([o if o.name else None for o in outputs]), version, bodies.branches,
            bodies.captured, bodies.broken, level.under, position in level.regroups, position in level.accompanied,
            op in LOSSES and resized(op, inputs[0] if inputs else None, lambda name: known.producer(name, scope)),
            position in level.thins, clashes(node, inputs, known.opened.extents),
            reshaped=reshaped(inputs[0] if inputs else None, lambda name: known.producer(name, scope))
            if op in WINDOWED else "nothing",
        )  # fmt: skip

    def _replace_entries(self, level: Level, entries: Mapping[int, NodeFacts], places: Mapping[int, int]) -> None:
        """Give entries the facts that only a look at the whole graph tells."""
        feeds, words = feedings(level.graph, entries), requantisings(entries)
        fed = {at: dataclasses.replace(entries[at], feeds=feeding) for at, feeding in feeds.items()}
        fed |= {at: dataclasses.replace(entries[at], requantised=word) for at, word in words.items()}
        for position, entry in fed.items():
            self.known.nodes[places[position]] = entry
            self.known.producers.update({(level.scope, name): entry for name in entry.proto.output[:] if name})

    def _bodies(self, level: Level, node: NodeProto, inferred: NodeProto, inputs: tuple[Value | None, ...]) -> Bodies:
        """Walk the subgraphs of a node."""
        if not any(item.type == AttributeProto.GRAPH for item in node.attribute[:]):
            return NONE
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
                captured.update(dict.fromkeys(self.walk(item.g, other.g, inner, under, lent.get(item.name, ()), same)))
                names = [output.name for output in item.g.output]
                branches.append(tuple(known.value(name, inner) for name in names))
                given[item.name] = [self._operand(name, inner) for name in names]
                improved |= any(known.place(name, inner) in self.improved for name in names)
        return Bodies(tuple(branches), tuple(captured), gravest(known.nodes[before:]), given, improved)

    def _body_inputs(self, level: Level, inferred: NodeProto) -> Mapping[str, Sequence[ValueInfoProto]]:
        """What follows for the inputs of a node's subgraphs from operands of which more is known than onnx said."""
        if not self._reads(self.improved, level, inferred):
            return {}
        given = {
            item.name: [Operand(output.type) for output in item.g.output]
            for item in inferred.attribute[:] if item.type == AttributeProto.GRAPH
        }  # fmt: skip
        operands = [self._operand(name, level.scope) for name in inferred.input[:]]
        return self.inference.infer(inferred, operands, given).bodies

    def _outputs(self, level: Level, step: Step) -> tuple[Value, ...]:
        """What is known of a node's outputs."""
        told = [typed(level.told[name]) if name in level.told else Value(name) for name in step.node.output[:]]
        for value in told:
            self._note_kind((level.scope, value.name), value, level.told.get(value.name))
        outputs = step.made(told)
        if not all(value.fixed or not value.name for value in outputs) or self._reads(self.lost, level, step.inferred):
            outputs = self._settled(level, step, told, outputs)
        reads = self._reads(self.improved, level, step.inferred)
        for value, stated in zip(outputs, told, strict=True):
            carries = reads and (value.constant is not None or value.sizes is not None)
            if carries or _improves(stated.shape, value.shape):
                self.improved.add((level.scope, value.name))
            elif stated.shape is not None and value.shape is None:
                self.improved.add((level.scope, value.name))
                self.lost.add((level.scope, value.name))
        if self.plain is not None:
            outputs = tuple(assumed(o, self.plain.get((level.scope, o.name), o.shape)) for o in outputs)
        outputs = self.known.opened.settle(step.node, step.inputs, outputs)
        if step.node.op_type == "Concat" and outputs[0].sizes is None and (parts := joined_parts(step.inputs)):
            self.parts[level.scope, outputs[0].name] = parts
        if self.plain is None and not self.waiting:
            self.waiting = by_every_step(step.node, step.domain, step.inputs, outputs) != outputs
        return outputs

    def _settled(self, level: Level, step: Step, told: Sequence[Value], outputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """The outputs of a node that onnx does not know all of: inferred again where operands tell more, then by rules."""
        telling = self._telling(level, step, outputs)
        stated = told
        if telling or step.bodies.improved or self._reads(self.improved, level, step.inferred):
            stated = self._inferred_again(level, step, told)
            outputs = step.made(stated)
        if not (has_rule(step.node, step.domain) or self.plain is not None):
            return outputs
        seen = self.known.opened.settle(step.node, step.inputs, outputs)
        better = refined(step.node, step.domain, step.inputs, seen)
        if self.plain is not None:
            better = by_every_step(step.node, step.domain, step.inputs, better)
        if better != seen:
            rows = zip(stated, outputs, better, strict=True)
            stated = [dataclasses.replace(o, dtype=o.dtype or b.dtype, shape=_durable(b.shape, p.shape)) for o, p, b in rows]
            outputs = step.made(stated)
        return outputs

    def _telling(self, level: Level, step: Step, outputs: tuple[Value, ...]) -> bool:
        """Whether folding tells an operand that shapes the node's output; such values are kept."""
        found = False
        for operand in telling_operands(step.node, step.domain, step.inputs, outputs[0]) if outputs else ():
            place = self.known.place(operand.name, level.scope)
            if operand.constant is not None and place in self.known.producers:
                self.folded[place], found = operand.constant, True
        return found

    def _inferred_again(self, level: Level, step: Step, told: Sequence[Value]) -> list[Value]:
        """The outputs with what onnx tells of the node alone, from what is known of its operands now."""
        names = step.inferred.input[:]
        operands = [self._operand(name, level.scope) for name in names]
        answer = self.inference.infer(step.inferred, operands, step.bodies.given)
        if answer.failed or self._reads(self.lost, level, step.inferred):
            told = self._unsaid(step, told)
        dims = {dim for one in operands if one is not None for dim in one.dims if isinstance(dim, str)}
        found = []
        for value in told:
            info = answer.outputs.get(value.name)
            if info is not None:
                new = inferred_value(info, dims)
                self._note_kind((level.scope, value.name), new, info)
                shape = self._named(merged(value.shape, new.shape))
                value = dataclasses.replace(value, dtype=value.dtype or new.dtype, shape=shape)
            found.append(value)
        return found

    def _unsaid(self, step: Step, told: Sequence[Value]) -> list[Value]:
        """The outputs without the shapes that onnx drew from operands which turned out otherwise; those by rules hold."""
        made = step.made(told)
        ruled = refined(step.node, step.domain, step.inputs, made)
        rows = zip(told, made, ruled, strict=True)
        return [dataclasses.replace(value, shape=new.shape if new.shape != old.shape else None) for value, old, new in rows]

    def _named(self, shape: Shape | None) -> Shape | None:
        """The shape with a name for each dim that has none, by which its copies are told from other unknown dims."""
        if shape is None or None not in shape:
            return shape
        dims: list[Dim] = []
        for dim in shape:
            self.made_up += dim is None
            dims.append(f"unk__s{self.made_up}" if dim is None else dim)
        return tuple(dims)

    def _operand(self, name: str, scope: Scope) -> Operand | None:
        """What inference of a single node is told of a value."""
        place = self.known.place(name, scope)
        value, kind = self.known.values.get(place[0], {}).get(name), self.kinds.get(place)
        if value is None or kind is not None:
            return Operand(kind) if kind is not None else None
        handed = value.source == "constant" or place in self.folded  # of what is folded, operands that shape a result alone
        return Operand.of(value, self.parts.get(place), handed=handed)

    def _reads(self, places: set[Place], level: Level, node: NodeProto) -> bool:
        """Whether some operand of a node is among values."""
        return bool(places) and any(name and self.known.place(name, level.scope) in places for name in node.input[:])

    def _note_kind(self, place: Place, value: Value, info: ValueInfoProto | None) -> None:
        if info is not None and value.dtype in KINDS:
            self.kinds[place] = info.type


@dataclass(frozen=True, slots=True)
class Step:
    """A node as it is walked, and the same node as onnx was given it."""

    node: NodeProto
    inferred: NodeProto
    domain: str
    inputs: tuple[Value | None, ...]
    version: int
    bodies: Bodies

    def made(self, stated: Sequence[Value]) -> tuple[Value, ...]:
        """The outputs with their sources and values, from what inference states of them."""
        outputs = tuple([produced(self.node, self.inputs, value, i, self.version) for i, value in enumerate(stated)])
        branch = taken(self.node, self.inputs, self.bodies.branches) if self.bodies.branches else None
        return outputs if branch is None else tuple(map(decided, outputs, branch))


def _weights(graph: GraphProto) -> dict[str, Value]:
    """What is known of a graph's initializers."""
    found = {}
    for tensor in graph.initializer:
        dims = tuple(tensor.dims)
        found[tensor.name] = Value(tensor.name, NAMES.get(tensor.data_type, ""), dims, "constant", tensor_value(tensor))
    for sparse in graph.sparse_initializer:
        name = sparse.values.name
        found[name] = Value(name, NAMES.get(sparse.values.data_type, ""), tuple(sparse.dims), "constant")
    return found


def _improves(old: Shape | None, new: Shape | None) -> bool:
    """Whether a shape tells more than another: a rank, a size, or a name that holds beyond this walk."""
    if new is None or new is old:
        return False
    if old is None or len(old) != len(new):
        return True
    return any(
        not isinstance(was, int) and (isinstance(dim, int) or (_lasting(dim) and is_unclear(was)))
        for was, dim in zip(old, new, strict=True)
    )


def _durable(new: Shape | None, old: Shape | None) -> Shape | None:
    """A shape without the names that dynamic dims have in one walk only: what stood in their place before, if anything."""
    if new is None:
        return None
    before = old if old is not None and len(old) == len(new) else (None,) * len(new)
    return tuple(dim if _lasting(dim) or is_unclear(dim) else was for dim, was in zip(new, before, strict=True))


def _lasting(dim: Dim) -> bool:
    return not is_unclear(dim) and not (isinstance(dim, str) and FRESH in dim)


def _condition(node: NodeProto, inputs: tuple[Value | None, ...], under: str) -> str:
    """What the subgraphs of a node are run under: the least settled of its condition's source and what is around it."""
    condition = inputs[0] if node.op_type == "If" and inputs else None
    return max(under, "runtime" if condition is None else condition.source, key=SETTLED.index)
