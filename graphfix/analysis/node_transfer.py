"""What follows for the outputs of one node from its operands: as onnx said of the whole model, else inferred again alone.

Only a node of whose operands more is known than onnx knew is inferred again, once, and marks its outputs in turn.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from onnx import NodeProto, TypeProto, ValueInfoProto

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.dim_names import is_fresh
from graphfix.analysis.known_facts import Known
from graphfix.analysis.node_inference import NodeInference, Operand, inferred_value, joined_parts, merged
from graphfix.analysis.shape_refinement import (
    RECURRENT,
    RULES,
    SHAPED_BY,
    assumed,
    by_every_step,
    decided,
    has_rule,
    refined,
    taken,
    telling_operands,
)
from graphfix.analysis.value_sources import produced
from graphfix.analysis.values import Dim, Shape, Sizes, Value, is_unclear, typed
from graphfix.ir.traversal import Place

Scope = tuple[str, ...]
Told = Mapping[str, ValueInfoProto]
"""What onnx says of the values made in one graph."""
KINDS = frozenset({"sequence", "optional", "map", "sparse_tensor"})
"""What values may be that are no tensors."""
OWN = frozenset((*SHAPED_BY, *RULES))
"""Operators of which more may follow than onnx said though all that it knew of their operands still holds."""


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


NO_BODIES = Bodies()


class Step(NamedTuple):
    """A node as it is walked."""

    node: NodeProto
    nodes: Sequence[NodeProto]
    """The nodes of the graph as onnx was given them."""
    position: int
    op: str
    domain: str
    inputs: tuple[Value | None, ...]
    version: int
    bodies: Bodies

    @property
    def inferred(self) -> NodeProto:
        """The node as onnx was given it."""
        return self.nodes[self.position]

    def made(self, stated: Sequence[Value]) -> tuple[Value, ...]:
        """The outputs with their sources and values, from what inference states of them."""
        outputs = tuple([produced(self.node, self.inputs, value, i, self.version) for i, value in enumerate(stated)])
        branch = taken(self.node, self.inputs, self.bodies.branches) if self.bodies.branches else None
        return outputs if branch is None else tuple(map(decided, outputs, branch))


@dataclass(slots=True)
class Transfer:
    """What is carried from node to node; without `plain` initial states say nothing of the results of every recurrent step."""

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

    def outputs(self, scope: Scope, annotated: Told, step: Step) -> tuple[Value, ...]:
        """What is known of a node's outputs."""
        told = [typed(annotated[name]) if name in annotated else Value(name) for name in step.node.output[:]]
        outputs = step.made(told)
        reads = bool(self.improved) and self.reads(self.improved, scope, step.inferred)
        if (reads or step.op in OWN or step.bodies.improved) and self._unsettled(scope, step, outputs):
            outputs = self._settled(scope, step, told, outputs, reads)
        for value, stated in zip(outputs, told, strict=True):
            if reads or (value is not stated and value.shape != stated.shape):
                self._compare(scope, value, stated, reads)
            if stated.shape is None and stated.dtype in KINDS:
                self.kinds.setdefault((scope, value.name), annotated[value.name].type)
        if self.plain is not None:
            outputs = tuple(assumed(o, self.plain.get((scope, o.name), o.shape)) for o in outputs)
        outputs = self.known.opened.settle(step.node, step.inputs, outputs)
        if step.op == "Concat" and outputs[0].sizes is None and (parts := joined_parts(step.inputs)):
            self.parts[scope, outputs[0].name] = parts
        if step.op in RECURRENT and self.plain is None and not self.waiting:
            self.waiting = by_every_step(step.node, step.domain, step.inputs, outputs) != outputs
        return outputs

    def _compare(self, scope: Scope, value: Value, stated: Value, reads: bool) -> None:
        """Mark an output of which something else is known than onnx said; `reads` says that some operand is marked."""
        carries = reads and (value.constant is not None or value.sizes is not None)
        if carries or improves(stated.shape, value.shape):
            self.improved.add((scope, value.name))
        elif stated.shape is not None and value.shape is None:
            self.improved.add((scope, value.name))
            self.lost.add((scope, value.name))

    def _unsettled(self, scope: Scope, step: Step, outputs: tuple[Value, ...]) -> bool:
        """Whether some output is not fixed, or is fixed by what turned out otherwise."""
        return not all(value.fixed or not value.name for value in outputs) or self.reads(self.lost, scope, step.inferred)

    def _settled(
        self, scope: Scope, step: Step, told: Sequence[Value], outputs: tuple[Value, ...], reads: bool
    ) -> tuple[Value, ...]:
        """The outputs of a node that onnx does not know all of: inferred again where operands tell more, then by rules."""
        telling = step.op in SHAPED_BY and self._telling(scope, step, self.known.opened.settle(step.node, step.inputs, outputs))
        stated = told
        if telling or reads or step.bodies.improved:
            stated = self._inferred_again(scope, step, told)
            outputs = step.made(stated)
        if not has_rule(step.op, step.domain):
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

    def _telling(self, scope: Scope, step: Step, outputs: tuple[Value, ...]) -> bool:
        """Whether folding tells an operand that shapes the node's output; such values are kept."""
        found = False
        for operand in telling_operands(step.node, step.domain, step.inputs, outputs[0]) if outputs else ():
            place = self.known.place(operand.name, scope)
            if operand.constant is not None and place in self.known.producers:
                self.folded[place], found = operand.constant, True
        return found

    def _inferred_again(self, scope: Scope, step: Step, told: Sequence[Value]) -> list[Value]:
        """The outputs with what onnx tells of the node alone, from what is known of its operands now."""
        names = step.inferred.input[:]
        operands = [self.operand(name, scope) for name in names]
        answer = self.inference.infer(step.inferred, operands, step.bodies.given)
        if answer.failed or self.reads(self.lost, scope, step.inferred):
            told = self._unsaid(step, told)
        dims = {dim for one in operands if one is not None for dim in one.dims if isinstance(dim, str)}
        found = []
        for value in told:
            info = answer.outputs.get(value.name)
            if info is not None:
                new = inferred_value(info, dims)
                if new.dtype in KINDS:
                    self.kinds[scope, value.name] = info.type
                    self.improved.add((scope, value.name))
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

    def operand(self, name: str, scope: Scope) -> Operand | None:
        """What inference of a single node is told of a value."""
        place = self.known.place(name, scope)
        value, kind = self.known.values.get(place[0], {}).get(name), self.kinds.get(place)
        if value is None or kind is not None:
            return Operand(kind) if kind is not None else None
        handed = value.source == "constant" or place in self.folded  # of what is folded, operands that shape a result alone
        return Operand.of(value, self.parts.get(place), handed=handed)

    def reads(self, places: set[Place], scope: Scope, node: NodeProto) -> bool:
        """Whether some operand of a node is among values."""
        return bool(places) and any(name and self.known.place(name, scope) in places for name in node.input[:])


def improves(old: Shape | None, new: Shape | None) -> bool:
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
    return not is_unclear(dim) and not is_fresh(dim)
