"""Normalized dims whose sizes a converter does not know, so that it takes them for 1 and the scale does not fit them.

A converter that uses plain shape inference takes every size that it does not find for 1. It then compares the scale of a
LayerNormalization with that. Two operators tell it more or less than plain inference finds: an element-wise operator has the
sizes of a constant that only folding of fixed dims makes, and a Concat loses those that one of its parts lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.plain_sizes import folds, made_by_folding
from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.symbolic_shapes import sizes_of
from graphfix.analysis.values import NodeFacts, Structure, Value

Told = TypeVar("Told")
Looking = Generator[tuple[Value, int], str, Told]
"""A search that yields the dims of operands that it needs, and is sent whether their sizes are told."""
Producer = Callable[[str], NodeFacts | None]
Plain = Mapping[str, tuple[int | None, ...] | None]
OPS = frozenset({"LayerNormalization"})
BROADCASTING = frozenset({"Add", "Sub", "Mul", "Div", "Where"})
"""Operators whose result has the sizes of whichever operand has them."""
KEEPING = frozenset({"Relu", "Cast", "Gather", "Pad", "Slice", "Softmax", "Transpose", "Unsqueeze"})
"""Operators behind which sizes that a Concat loses stay lost; behind others the converter asks plain inference again."""
PATTERN = StructuralPattern(
    OPS,
    {"normalized": "told"},
    kind="dynamic",
    loading=True,
)


def normalized_unknown(nodes: Iterable[NodeFacts], producer: Producer, plain: Plain) -> dict[int, Structure]:
    """Return the facets of main-graph nodes that normalize dims of sizes which the converter does not find, by position."""
    walk = Walk(producer, plain)
    found: dict[int, Structure] = {}
    for at, node in enumerate(nodes):
        if node.op in OPS and not node.domain and not node.scope and (word := _normalized(node, walk)) != "told":
            found[at] = (("normalized", word),)
    return found


def _normalized(node: NodeFacts, walk: Walk) -> str:
    data = node.inputs[0]
    if data is None or data.shape is None or data.fixed:
        return "told"
    words = {
        walk.told(data, -back)
        for value in node.inputs[1:]
        for back, size in enumerate(reversed(value.shape or () if value is not None else ()), 1)
        if isinstance(size, int) and size > 1 and back <= len(data.shape)
    }
    return next((word for word in ("dynamic", "computed") if word in words), "told")


@dataclass(slots=True)
class Walk:
    """What a converter knows of the dims of values, counted from the last; each is found once.

    A dim depends on those of operands, over as many nodes as the graph is deep. Methods that look at operands therefore yield the
    dims that they need and are sent what those are, in place of calling each other.
    """

    producer: Producer
    plain: Plain
    found: dict[tuple[str, int], str] = field(default_factory=dict)

    def told(self, value: Value, axis: int) -> str:
        """Return whether the size of a dim is `told`, `computed` by folding only, or `dynamic`."""
        waiting, answer = [self._word(value, axis)], ""
        while waiting:
            try:
                needed = waiting[-1].send(answer) if answer else next(waiting[-1])
            except StopIteration as end:
                waiting.pop()
                answer = end.value
            else:
                waiting.append(self._word(*needed))
                answer = ""
        return answer

    def _word(self, value: Value, axis: int) -> Looking[str]:
        if value.shape is None or len(value.shape) < -axis:
            return "told"
        if not isinstance(value.shape[axis], int):
            return "dynamic"
        key = (value.name, axis)
        if key not in self.found:
            self.found[key] = self._stated(value, axis)  # for a graph with a cycle, and while operands are looked at
            known = yield from self._known(value, axis)
            self.found[key] = "told" if known else "computed"
        return self.found[key]

    def _stated(self, value: Value, axis: int) -> str:
        sizes = self.plain.get(value.name, value.shape)
        return "told" if sizes is not None and len(sizes) >= -axis and isinstance(sizes[axis], int) else "computed"

    def _known(self, value: Value, axis: int) -> Looking[bool]:
        if folds(value):
            return not made_by_folding(value, self.producer, self.plain)
        stated = self.found[value.name, axis] == "told"
        maker = self.producer(value.name)
        if maker is None or maker.domain:
            return stated
        if maker.op in BROADCASTING:
            return stated or (yield from self._any_gives(maker, value, axis))
        if maker.op == "Concat":
            return stated and (yield from self._all_told(maker, axis))
        data = maker.inputs[0] if maker.inputs else None
        if data is None or data.shape is None:
            return stated
        if maker.op == "Reshape":
            return (yield from self._reshaped(maker, data, axis, stated=stated))
        if maker.op in KEEPING:
            source = _source_axis(maker, data, value, axis)
            return stated if source is None else (yield data, source) == "told"
        return stated or (data.shape == value.shape and (yield data, axis) == "told")

    def _reshaped(self, maker: NodeFacts, data: Value, axis: int, *, stated: bool) -> Looking[bool]:
        """Whether the converter finds the size of a reshaped dim: it infers none that is what the dynamic dims leave."""
        target = maker.inputs[1] if len(maker.inputs) > 1 else None
        sizes = sizes_of(target)
        if target is None or sizes is None or len(sizes) < -axis:
            return stated
        if sizes[axis] in (0, -1) and not data.fixed:
            place = len(sizes) + axis - len(data.shape or ())
            return stated and sizes[axis] == 0 and (place >= 0 or (yield data, place) == "told")
        return stated or (folds(target) and not target.measured)

    def _any_gives(self, maker: NodeFacts, value: Value, axis: int) -> Looking[bool]:
        """Whether an operand has the size of the result along an axis, and it is told."""
        for operand in maker.inputs:
            if operand is None or operand.shape is None or len(operand.shape) < -axis or value.shape is None:
                continue
            if operand.shape[axis] == value.shape[axis] and (yield operand, axis) == "told":
                return True
        return False

    def _all_told(self, maker: NodeFacts, axis: int) -> Looking[bool]:
        """Whether all operands have told sizes along an axis."""
        for operand in maker.inputs:
            if operand is not None and (yield operand, axis) != "told":
                return False
        return True


def _source_axis(maker: NodeFacts, data: Value, value: Value, axis: int) -> int | None:
    """Return the axis of the data that a node's result has along an axis, counted from the last; None where it is another's."""
    rank = len(data.shape or ())
    if maker.op == "Transpose":
        order = attribute(maker.proto, "perm", tuple(reversed(range(rank))))
        return order[axis] - rank if len(order) == rank else None
    size = (value.shape or ())[axis]
    return axis if rank >= -axis and (data.shape or ())[axis] == size else None
