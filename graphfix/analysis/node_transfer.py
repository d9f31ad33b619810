"""The transfer function of one node: its output facts from onnx's inference of the whole model or of the node alone.

A node is inferred again only if more is known of its operands than onnx knew; it is inferred once, and its outputs are marked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from onnx import NodeProto, TypeProto

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
from graphfix.analysis.value_sources import output_value
from graphfix.analysis.values import Dim, Shape, Sizes, Value, dtype_and_shape, is_unclear
from graphfix.ir.records import dataclass
from graphfix.ir.traversal import Place

Scope = tuple[str, ...]
Told = dict[str, bytes]
"""onnx's inference result for the values produced in one graph: their types as protobuf writes them."""
KINDS = frozenset({"sequence", "optional", "map", "sparse_tensor"})
"""The types of values other than tensors."""
OWN = frozenset((*SHAPED_BY, *RULES))
"""Operators for which more may be inferred than onnx did, even where its facts about the operands still hold."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """The facts of a node's subgraphs after they are walked."""

    branches: tuple[tuple[Value | None, ...], ...] = ()
    captured: tuple[str, ...] = ()
    broken: str = "none"
    given: Mapping[str, Sequence[Operand | None]] = field(default_factory=dict)
    """The types of their outputs, by attribute."""
    improved: bool = False
    """Whether more is known of some output than onnx inferred."""


NO_BODIES = Bodies()


class Step(NamedTuple):
    """One node during the walk."""

    node: NodeProto
    nodes: Sequence[NodeProto]
    """The nodes of the graph as passed to onnx."""
    position: int
    op: str
    domain: str
    inputs: tuple[Value | None, ...]
    version: int
    bodies: Bodies

    @property
    def inferred(self) -> NodeProto:
        """Return the node as passed to onnx."""
        return self.nodes[self.position]

    def made(self, stated: Sequence[Value]) -> tuple[Value, ...]:
        """Return the outputs with their sources and values, from their inferred dtypes and shapes."""
        outputs = tuple([output_value(self.node, self.inputs, value, i, self.version) for i, value in enumerate(stated)])
        branch = taken(self.node, self.inputs, self.bodies.branches) if self.bodies.branches else None
        return outputs if branch is None else tuple(map(decided, outputs, branch))


@dataclass(slots=True)
class Transfer:
    """The state carried from node to node; without `plain`, initial states do not determine the results of every step."""

    known: Known
    inference: NodeInference
    plain: Mapping[Place, Shape | None] | None = None
    """The shapes inferred without using those initial states."""
    folded: dict[Place, Array] = field(default_factory=dict)
    """The values found by folding that determine a shape."""
    improved: set[Place] = field(default_factory=set)
    """The values of which more is known than onnx inferred."""
    lost: set[Place] = field(default_factory=set)
    """The values that have a shape from onnx although their producer was found to contradict its operands."""
    kinds: dict[Place, TypeProto] = field(default_factory=dict)
    """The types of values other than tensors."""
    parts: dict[Place, Sizes] = field(default_factory=dict)
    """The elements of concatenated vectors of which some elements are unknown."""
    waiting: bool = False
    """Whether some initial state determines the batch size of the results of every step."""
    made_up: int = 0
    types: dict[bytes, tuple[str, Shape | None]] = field(default_factory=dict)
    """The dtypes and shapes that types state, by the types as protobuf writes them."""

    def outputs(self, scope: Scope, annotated: Told, step: Step) -> tuple[Value, ...]:
        """Return the facts of a node's outputs."""
        told = [Value(name, *self._stated(annotated[name])) if name in annotated else Value(name) for name in step.node.output[:]]
        outputs = step.made(told)
        reads = bool(self.improved) and self.reads(self.improved, scope, step.inferred)
        if (reads or step.op in OWN or step.bodies.improved) and self._unsettled(scope, step, outputs):
            outputs = self._settled(scope, step, told, outputs, reads)
        for value, stated in zip(outputs, told, strict=True):
            if reads or (value is not stated and value.shape != stated.shape):
                self._compare(scope, value, stated, reads)
            if stated.shape is None and stated.dtype in KINDS:
                self.kinds.setdefault((scope, value.name), TypeProto.FromString(annotated[value.name]))
        if self.plain is not None:
            outputs = tuple(assumed(o, self.plain.get((scope, o.name), o.shape)) for o in outputs)
        outputs = self.known.opened.settle(step.node, step.inputs, outputs)
        if step.op == "Concat" and outputs[0].sizes is None and (parts := joined_parts(step.inputs)):
            self.parts[scope, outputs[0].name] = parts
        if step.op in RECURRENT and self.plain is None and not self.waiting:
            self.waiting = by_every_step(step.node, step.domain, step.inputs, outputs) != outputs
        return outputs

    def _stated(self, written: bytes) -> tuple[str, Shape | None]:
        found = self.types.get(written)
        if found is None:
            found = self.types[written] = dtype_and_shape(TypeProto.FromString(written))
        return found

    def _compare(self, scope: Scope, value: Value, stated: Value, reads: bool) -> None:
        """Mark an output whose facts differ from onnx's inference; `reads` states whether some operand is marked."""
        carries = reads and (value.constant is not None or value.sizes is not None)
        if carries or improves(stated.shape, value.shape):
            self.improved.add((scope, value.name))
        elif stated.shape is not None and value.shape is None:
            self.improved.add((scope, value.name))
            self.lost.add((scope, value.name))

    def _unsettled(self, scope: Scope, step: Step, outputs: tuple[Value, ...]) -> bool:
        """Return whether some output is not fixed, or is fixed by facts that were found to be wrong."""
        return not all(value.fixed or not value.name for value in outputs) or self.reads(self.lost, scope, step.inferred)

    def _settled(
        self, scope: Scope, step: Step, told: Sequence[Value], outputs: tuple[Value, ...], reads: bool
    ) -> tuple[Value, ...]:
        """Return the outputs of a node not fully inferred by onnx: inferred again where operands allow it, then by rules."""
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
        """Return whether folding determines an operand that the node's output shape depends on; such values are kept."""
        found = False
        for operand in telling_operands(step.node, step.domain, step.inputs, outputs[0]) if outputs else ():
            place = self.known.place(operand.name, scope)
            if operand.constant is not None and place[1] in self.known.producers.get(place[0], ()):
                self.folded[place], found = operand.constant, True
        return found

    def _inferred_again(self, scope: Scope, step: Step, told: Sequence[Value]) -> list[Value]:
        """Return the outputs merged with onnx's inference of the node alone from the current facts of its operands."""
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
        """Return the outputs without the shapes that onnx inferred from wrong operand facts; shapes inferred by rules stay."""
        made = step.made(told)
        ruled = refined(step.node, step.domain, step.inputs, made)
        rows = zip(told, made, ruled, strict=True)
        return [dataclasses.replace(value, shape=new.shape if new.shape != old.shape else None) for value, old, new in rows]

    def _named(self, shape: Shape | None) -> Shape | None:
        """Return the shape with a name for each unnamed dim, so that its copies are distinguished from other unknown dims."""
        if shape is None or None not in shape:
            return shape
        dims: list[Dim] = []
        for dim in shape:
            self.made_up += dim is None
            dims.append(f"unk__s{self.made_up}" if dim is None else dim)
        return tuple(dims)

    def operand(self, name: str, scope: Scope) -> Operand | None:
        """Return a value as an operand for the inference of a single node."""
        place = self.known.place(name, scope)
        value, kind = self.known.values.get(place[0], {}).get(name), self.kinds.get(place)
        if value is None or kind is not None:
            return Operand(kind) if kind is not None else None
        handed = value.source == "constant" or place in self.folded  # of folded values, only those that determine a shape
        return Operand.of(value, self.parts.get(place), handed=handed)

    def reads(self, places: set[Place], scope: Scope, node: NodeProto) -> bool:
        """Return whether some operand of a node is in `places`."""
        return bool(places) and any(name and self.known.place(name, scope) in places for name in node.input[:])


def improves(old: Shape | None, new: Shape | None) -> bool:
    """Return whether a shape is more precise than another: by a rank, a size, or a name that stays valid after this walk."""
    if new is None or new is old:
        return False
    if old is None or len(old) != len(new):
        return True
    return any(
        not isinstance(was, int) and (isinstance(dim, int) or (_lasting(dim) and is_unclear(was)))
        for was, dim in zip(old, new, strict=True)
    )


def _durable(new: Shape | None, old: Shape | None) -> Shape | None:
    """Return a shape with each dim name that is valid in one walk only replaced by the previous dim, if there was one."""
    if new is None:
        return None
    before = old if old is not None and len(old) == len(new) else (None,) * len(new)
    return tuple(dim if _lasting(dim) or is_unclear(dim) else was for dim, was in zip(new, before, strict=True))


def _lasting(dim: Dim) -> bool:
    return not is_unclear(dim) and not is_fresh(dim)
