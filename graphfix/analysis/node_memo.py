"""A memo of the walk over a model: the facts of nodes that agree in everything that inference reads are computed once.

Two nodes agree where they have the same operator and attributes, where their operands agree in all but their names, and
where onnx inferred the same types of their outputs. Nodes that read values of which the walk knows more than onnx inferred
are left out, and facts are not kept that came with new names of dims or other changes of the walk's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from onnx import AttributeProto, NodeProto, TypeProto

from graphfix.analysis.dim_names import FRESH, MADE_UP
from graphfix.analysis.node_transfer import KINDS, Scope, Told, Transfer
from graphfix.analysis.shape_refinement import RECURRENT
from graphfix.analysis.symbolic_shapes import MOST
from graphfix.analysis.values import Structure, Value
from graphfix.ir.records import dataclass

Key = tuple[object, ...]
Found = tuple[tuple[Value, ...], Structure, int]
"""The facts of a node's outputs, the facets of the single-node patterns, and the number of the node's form, see `NodeFacts`."""
COUNTED = 2
"""The number of the walk's collections that facts may come from."""
STATEFUL = frozenset({"Constant", *RECURRENT})
"""Operators of which no facts are kept: constants differ, and recurrent nodes say how the walk goes on."""


@dataclass(frozen=True, slots=True, eq=False)
class Kin:
    """The mark of all values of one walk that agree in everything but their names: a number, and what tells the walk."""

    walk: object
    number: int


@dataclass(slots=True)
class NodeMemo:
    """The facts found in one walk, by what they were inferred from."""

    transfer: Transfer
    found: dict[Key, tuple[tuple[Value, ...], tuple[Kin, ...], Structure, int]] = field(default_factory=dict)
    _walk: object = field(default_factory=object)
    _kins: dict[Key, Kin] = field(default_factory=dict)
    """What is shared by values that agree in everything but their names."""

    _weights: set[int] = field(default_factory=set)
    """The numbers of constants with so many fractions that they are no sizes, of which only the shape counts."""
    _lasting: set[int | None] = field(default_factory=lambda: {None})
    """The numbers of values whose dims and sizes are numbers or symbols of the model: later names change nothing."""
    _told: dict[object, bool] = field(default_factory=dict)
    """Whether a type, as onnx writes it, states every dim."""
    _before: tuple[int, ...] = ()
    """The state of the walk before the node for which a key was made last."""

    def key(
        self, node: NodeProto, attributes: Sequence[AttributeProto], op: str, domain: str, scope: Scope, version: int,
        inputs: Sequence[Value | None], told: Told,
    ) -> Key | None:  # fmt: skip
        """Return what the facts of a node without subgraphs are inferred from; None where they depend on more."""
        transfer = self.transfer
        if transfer.plain is not None or op in STATEFUL or transfer.reads(transfer.improved, scope, node):
            return None
        if len(inputs) > 1 and len(set(map(id, inputs))) < len(inputs):
            return None
        given = tuple([None if value is None else self._number(value) for value in inputs])
        if transfer.kinds and any(value is not None and value.dtype in KINDS for value in inputs):
            return None
        if self._weights and not self._weights.isdisjoint(given) and all(v is None or v.source != "runtime" for v in inputs):
            return None  # folded to a value that depends on the numbers
        types = tuple([told.get(name) if name else name for name in node.output[:]])
        written = tuple([item.SerializeToString() for item in attributes]) if attributes else ()
        if self._lasting.issuperset(given) and all(map(self._is_told, types)):
            key: Key = (op, domain, version, given, types, written, ())
            if key not in self.found:
                self._before = self._state()
            return key
        self._before = self._state()
        return op, domain, version, given, types, written, self._before[:COUNTED]

    def take(self, key: Key, node: NodeProto) -> Found | None:
        """Return the facts of a node with this key, under its own names; None where none are known."""
        known = self.found.get(key)
        if known is None:
            return None
        outputs = [_named(value, name) for value, name in zip(known[0], node.output[:], strict=True)]
        for value, kin in zip(outputs, known[1], strict=True):
            _mark(value, "kin", kin)
        return tuple(outputs), known[2], known[3]

    def keep(self, key: Key, given: Sequence[Value | None], outputs: tuple[Value, ...], structure: Structure) -> int:
        """Keep the facts of a node, unless inferring them changed the state of the walk, and return the number of its form.

        It is 0 where nothing is kept, and where a constant of which only the shape counts is among the operands.
        """
        if self._before != self._state():
            return 0
        told = not self._weights or self._weights.isdisjoint(self._kin(value).number for value in given if value is not None)
        form = len(self.found) + 1 if told else 0
        self.found[key] = outputs, tuple(map(self._kin, outputs)), structure, form
        return form

    def _state(self) -> tuple[int, ...]:
        """Return the sizes of the collections of the walk, each of which only grows; facts come from the first COUNTED."""
        transfer, opened = self.transfer, self.transfer.known.opened
        return (
            len(opened.names), len(opened.extents), len(transfer.improved), len(transfer.lost), len(transfer.kinds),
            len(transfer.folded), len(transfer.parts), transfer.made_up,
        )  # fmt: skip

    def _is_told(self, written: object) -> bool:
        """Return whether a type states every dim, so that the walk makes no names for it."""
        found = self._told.get(written)
        if found is None:
            kind = TypeProto.FromString(written).tensor_type if isinstance(written, bytes) else TypeProto.Tensor()
            dims = kind.shape.dim[:]
            told = not any(_made(dim.dim_param or None) for dim in dims if not dim.HasField("dim_value"))
            found = self._told[written] = kind.HasField("shape") and told
        return found

    def _number(self, value: Value) -> int:
        known = value.kin
        return known.number if isinstance(known, Kin) and known.walk is self._walk else self._kin(value).number

    def _kin(self, value: Value) -> Kin:
        known = value.kin
        if not isinstance(known, Kin) or known.walk is not self._walk:
            held = value.constant
            weight = held is not None and held.size > MOST and held.dtype.kind == "f"
            content = None if held is None or weight else (held.dtype.char, held.shape, held.tobytes())
            key = (
                value.dtype, value.shape, value.source, content, weight, value.sizes, value.measured, value.assumed,
                value.counted, value.sized, bool(value.name),
            )  # fmt: skip
            if key not in self._kins:
                self._kins[key] = Kin(self._walk, len(self._kins))
            known = self._kins[key]
            _mark(value, "kin", known)
            if value.shape is not None and not any(map(_made, (*value.shape, *(value.sizes or ())))):
                self._lasting.add(known.number)
            if weight:
                self._weights.add(known.number)
        return known


_mark = object.__setattr__
"""Sets a field of a frozen object."""


def _made(dim: int | str | None) -> bool:
    """Return whether a dim is unknown, or may have a name that onnx or the walk made."""
    return dim is None or (isinstance(dim, str) and (MADE_UP in dim or FRESH in dim))


def _named(value: Value, name: str) -> Value:
    return Value(
        name, value.dtype, value.shape, value.source, value.constant, value.sizes, value.measured, value.assumed, value.counted,
        value.sized,
    )  # fmt: skip
