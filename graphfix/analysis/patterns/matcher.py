"""Patterns of several nodes, written as ONNX text and matched in any graph that implements `View`.

    GELU = Pattern("a = Div(x, root)  e = Erf(a)  s = Add(e, one)  y = Mul(r, s)", numbers={"one": 1.0})

The last node is the root, from which the search goes back to the producers of its operands. A name that no node of the text
produces matches any value, the same one at each occurrence; a name in `numbers` matches a constant of one element. The operands
of a commutative operator match in either order. Further operands of a node are ignored.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Generic, Protocol, TypeVar

import onnx
from onnx import NodeProto

from graphfix.ir.proto_values import Array, attribute_value
from graphfix.ir.records import dataclass

COMMUTATIVE = frozenset({"Add", "Mul", "Max", "Min", "Sum", "Mean", "And", "Or", "Xor", "Equal", "BitwiseAnd", "BitwiseOr",
                         "BitwiseXor"})  # fmt: skip
"""Operators whose first two operands may be swapped."""
CLOSE = 1e-3
"""The relative tolerance between a constant and a pattern's number: some constants are stored as float16."""
TEXT_OPSET = 17

N = TypeVar("N")
V = TypeVar("V")


class View(Protocol[N, V]):
    """The interface of a graph to the matcher; `N` is the type of nodes and `V` of values, None where an operand is left out."""

    def op(self, node: N) -> str:
        """Return the operator, prefixed by its domain and a dot where that is not ONNX's own."""

    def inputs(self, node: N) -> Sequence[V | None]:
        """Return the operands of a node."""

    def outputs(self, node: N) -> Sequence[V | None]:
        """Return the outputs of a node."""

    def attribute(self, node: N, name: str) -> Any:
        """Return an attribute's value; None where it is left out."""

    def producer(self, value: V, reader: N) -> N | None:
        """Return the producer of an operand; None for graph inputs and initializers."""

    def consumers(self, value: V, maker: N) -> Sequence[N]:
        """Return the consumers of an output, each as often as it reads the value."""

    def leaves(self, value: V, maker: N) -> bool:
        """Return whether an output of a node is an output of its graph."""

    def constant(self, value: V, reader: N) -> Array | None:
        """Return the array of an operand, where it is known."""

    def key(self, value: V) -> Hashable:
        """Return a key that identifies a value within its graph."""

    def label(self, node: N) -> str:
        """Return a label for a node."""


class Match(Generic[N, V]):
    """One match of a pattern: the values bound to its names, and the nodes by their first output name.

    It is no dataclass: a search creates many, and a frozen dataclass takes three times as long to create.
    """

    __slots__ = ("nodes", "values")

    def __init__(self, values: Mapping[str, V], nodes: Mapping[str, N]) -> None:
        self.values, self.nodes = values, nodes

    def __getitem__(self, name: str) -> V:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Miss:
    """The reason why a pattern does not match, and the node at which the match failed."""

    reason: str
    at: str


class Nearest:
    """The nearest miss of a search: the one with the most nodes matched, the first of several."""

    def __init__(self) -> None:
        self.found = -1
        self.miss: Miss | None = None

    def note(self, found: int, reason: str, at: str) -> None:
        """Keep a miss that is nearer than those before."""
        if found > self.found:
            self.found, self.miss = found, Miss(reason, at)


@dataclass(frozen=True, slots=True)
class _Part:
    """A node of a pattern: its possible operators, the names of its operands and outputs, and its required attributes."""

    ops: frozenset[str]
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What it may be, in a sentence."""
        return " or ".join(sorted(self.ops))


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A pattern given by its text; `either` maps a word of the text to the operators that it stands for.

    `closed` requires that the values between its nodes have no other consumers and are no graph outputs, so that the nodes can
    be removed. The text is parsed on first use.
    """

    text: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    either: Mapping[str, Iterable[str]] = field(default_factory=dict)
    closed: bool = False

    @functools.cached_property
    def _parts(self) -> dict[str, _Part]:
        """The nodes by each name that they make, in the text's order."""
        source = f'<domain: "text", opset_import: ["" : {TEXT_OPSET}]> f () => (y) {{ {self.text} }}'
        parts = [self._part(node) for node in onnx.parser.parse_function(source).node]
        return {name: part for part in parts for name in part.makes}

    def _part(self, node: NodeProto) -> _Part:
        title = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        given = {item.name: attribute_value(item) for item in node.attribute}
        return _Part(frozenset(self.either.get(title, (title,))), tuple(node.input), tuple(node.output), given)

    @functools.cached_property
    def root(self) -> str:
        """The first name that the root makes."""
        return list(self._parts.values())[-1].makes[0]

    @property
    def roots(self) -> frozenset[str]:
        """The operators that the root may be."""
        return self._parts[self.root].ops

    @functools.cached_property
    def needs(self) -> Sequence[frozenset[str]]:
        """The operators that may make each operand of the root that a node of the pattern makes."""
        return [self._parts[name].ops for name in self._parts[self.root].reads if name in self._parts]

    def match(self, view: View[N, V], node: N) -> Match[N, V] | None:
        """Return the first match of the pattern with its root at a node; None where there is none."""
        return next(self.matches(view, node), None)

    def matches(self, view: View[N, V], node: N, nearest: Nearest | None = None) -> Iterator[Match[N, V]]:
        """Yield every match of the pattern with its root at a node; operands are tried first in the order written."""
        for found in self._fits(view, self._parts[self.root], node, Match({}, {}), nearest):
            if not self.closed or self._is_closed(view, found, nearest):
                yield found

    def miss(self, view: View[N, V], node: N) -> Miss | None:
        """Return why the pattern does not match with its root at a node, and the failing node; None where it matches."""
        nearest = Nearest()
        return None if next(self.matches(view, node, nearest), None) is not None else nearest.miss

    def _fits(
        self, view: View[N, V], part: _Part, node: N, so_far: Match[N, V], nearest: Nearest | None
    ) -> Iterator[Match[N, V]]:
        """Yield the matches of a node of the pattern, with its operands, at a node."""
        op, inputs = view.op(node), view.inputs(node)
        if op not in part.ops:
            self._missed(nearest, so_far, view, node, lambda: f"it is {op}, not {part.title}")
            return
        if len(inputs) < len(part.reads):
            self._missed(nearest, so_far, view, node, lambda: f"it has {len(inputs)} operands, not {len(part.reads)}")
            return
        unlike = next((name for name, wanted in part.attributes.items() if view.attribute(node, name) != wanted), "")
        if unlike:
            self._missed(nearest, so_far, view, node, lambda: f"its {unlike} is not {part.attributes[unlike]}")
            return
        made = zip(part.makes, view.outputs(node), strict=False)
        values = {**so_far.values, **{name: value for name, value in made if value is not None}}
        begun = Match(values, {**so_far.nodes, part.makes[0]: node})
        yield from self._operands(view, part.reads, inputs, node, begun, nearest)
        if len(part.reads) == 2 and op in COMMUTATIVE and part.reads[0] != part.reads[1]:
            yield from self._operands(view, part.reads, inputs[1::-1], node, begun, nearest)

    def _operands(
        self, view: View[N, V], names: Sequence[str], values: Sequence[V | None], node: N, so_far: Match[N, V],
        nearest: Nearest | None,
    ) -> Iterator[Match[N, V]]:  # fmt: skip
        """Yield the matches of names with the operands of a node, one after the other."""
        if not names:
            yield so_far
            return
        for found in self._operand(view, names[0], values[0], node, so_far, nearest):
            yield from self._operands(view, names[1:], values[1:], node, found, nearest)

    def _operand(
        self, view: View[N, V], name: str, value: V | None, node: N, so_far: Match[N, V], nearest: Nearest | None
    ) -> Iterator[Match[N, V]]:
        """Yield the matches of a name with an operand of a node."""
        if value is None or not name:
            if value is None and not name:
                yield so_far
            else:
                self._missed(nearest, so_far, view, node, lambda: f"operand `{name}` is {'left out' if name else 'not left out'}")
            return
        known, part = so_far.values.get(name), self._parts.get(name)
        if known is not None:
            if view.key(known) == view.key(value):
                yield so_far
            else:
                self._missed(nearest, so_far, view, node, lambda: f"`{name}` is two values")
        elif part is not None:
            maker = view.producer(value, node)
            made = view.outputs(maker)[part.makes.index(name) :][:1] if maker is not None else ()
            if maker is None or not made or made[0] is None or view.key(made[0]) != view.key(value):
                self._missed(nearest, so_far, view, node, lambda: f"no {part.title} makes its `{name}`")
            else:
                yield from self._fits(view, part, maker, so_far, nearest)
        elif name in self.numbers:
            array = view.constant(value, node)
            if array is None or array.size != 1 or array.dtype.kind in "OSUc":
                self._missed(nearest, so_far, view, node, lambda: f"its `{name}` is no known number")
            elif not math.isclose(float(array.reshape(())), self.numbers[name], rel_tol=CLOSE, abs_tol=1e-8):
                self._missed(nearest, so_far, view, node, lambda: f"its `{name}` is not {self.numbers[name]:g}")
            else:
                yield Match({**so_far.values, name: value}, so_far.nodes)
        else:
            yield Match({**so_far.values, name: value}, so_far.nodes)

    def _is_closed(self, view: View[N, V], found: Match[N, V], nearest: Nearest | None) -> bool:
        """Return whether the values between the nodes have no other consumers."""
        for name, node in found.nodes.items():
            made = view.outputs(node) if name != self.root else ()
            for value in made:
                if value is None:
                    continue
                inside = sum(name in self._parts and view.key(found.values[name]) == view.key(value)
                             for part in {id(p): p for p in self._parts.values()}.values() for name in part.reads)  # fmt: skip
                if view.leaves(value, node) or len(view.consumers(value, node)) != inside:
                    self._missed(nearest, found, view, node, lambda: "something else reads what it makes")
                    return False
        return True

    @staticmethod
    def _missed(nearest: Nearest | None, so_far: Match[N, V], view: View[N, V], node: N, reason: Callable[[], str]) -> None:
        if nearest is not None:
            nearest.note(len(so_far.nodes), reason(), view.label(node))


class Patterns:
    """Several patterns, indexed by the operator of their root: only those that may match a node are tried, in order."""

    def __init__(self, patterns: Mapping[str, Sequence[Pattern]]) -> None:
        """Index the patterns; `patterns` are the alternative forms by the name of the match."""
        self._named = patterns

    @functools.cached_property
    def _by_root(self) -> Mapping[str, Sequence[tuple[str, Pattern]]]:
        found: dict[str, list[tuple[str, Pattern]]] = defaultdict(list)
        for name, forms in self._named.items():
            for pattern in forms:
                for op in pattern.roots:
                    found[op].append((name, pattern))
        return dict(found)

    @functools.cached_property
    def roots(self) -> frozenset[str]:
        """The operators that the root of some pattern may be."""
        return frozenset(self._by_root)

    def find(self, view: View[N, V], nodes: Iterable[N]) -> Iterator[tuple[str, Match[N, V]]]:
        """Yield for each node the name of the first pattern that matches with its root there, and the match."""
        by_root = self._by_root
        for node in nodes:
            forms = by_root.get(view.op(node))
            if forms is None:
                continue
            makers = [view.producer(value, node) for value in view.inputs(node) if value is not None]
            behind = {view.op(maker) for maker in makers if maker is not None}
            for name, pattern in forms if behind else ():
                if any(need.isdisjoint(behind) for need in pattern.needs):
                    continue
                found = pattern.match(view, node)
                if found is not None:
                    yield name, found
                    break
