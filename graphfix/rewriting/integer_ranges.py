"""Value ranges of integer tensors: intervals that follow from constants, dtypes, dims and operators.

An interval is never assumed. Where nothing is known of an integer tensor, its interval is the range of its dtype; so it is
where a result may overflow the dtype, since a value that wraps around may be any. A dynamic dim has no upper bound. An input that
a Gather of the main graph reads as indices lies within the axis that is read: with any other value the model fails.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor

Interval = tuple[int, int]

DTYPES: dict[str, Interval] = {
    "bool": (0, 1),
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
"""The ranges of the integer dtypes."""
SIZE = DTYPES["int64"][1]
"""The upper bound of a dynamic dim: dims are int64 in ONNX, and have no other bound."""
MOVERS = frozenset({"Gather", "GatherElements", "GatherND", "Slice", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten",
                    "Expand", "Tile", "Split", "Identity", "Compress", "DepthToSpace", "SpaceToDepth",
                    "ReverseSequence"})  # fmt: skip
"""Operators whose outputs hold only values of their first operand."""
KEEPERS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Transpose"})
"""Those whose output holds every value of their first operand."""
FIRST = MOVERS | {"TopK", "Cast", "ReduceSum", "CumSum", "Abs", "Neg", "ReduceMax", "ReduceMin"}
"""Operators whose interval follows from the first operand alone."""
EVERY = frozenset({"Pad", "Concat", "Max", "Min", "Sum", "Where", "Clip", "Add", "Sub", "Mul", "Div", "Mod"})
"""Operators whose interval follows from all operands."""


class IntegerRanges:
    """The intervals of a model's integer tensors, each computed once."""

    def __init__(self, surgery: GraphEditor) -> None:
        self.surgery = surgery
        self._found: dict[int, Interval | None] = {}

    def of(self, tensor: Any) -> Interval | None:
        """Return the least and the greatest value a tensor may hold; None if it is not known to be an integer tensor."""
        waiting = [tensor]
        entered: set[int] = set()
        while waiting:  # a chain of operators may be longer than Python's recursion limit
            one = waiting[-1]
            if id(one) in self._found:
                waiting.pop()
            elif id(one) in entered:
                self._found[id(one)] = self._work_out(one)
                waiting.pop()
            else:
                entered.add(id(one))
                waiting += [part for part in self._parts(one) if id(part) not in self._found and id(part) not in entered]
        return self._found[id(tensor)]

    def _parts(self, tensor: Any) -> Sequence[Any]:
        """Return the operands that the interval of a tensor follows from."""
        node = onnx_maker(tensor)
        if node is None or self.surgery.known(tensor) is not None:
            return ()
        if node.op in FIRST:
            return list(node.inputs[:1])
        return [one for one in node.inputs if one.name] if node.op in EVERY else ()

    def _work_out(self, tensor: Any) -> Interval | None:
        value = self.surgery.value(tensor)
        whole = DTYPES.get(value.dtype) if value is not None else None
        if whole is None:
            return None
        known = self.surgery.known(tensor)
        if known is not None and known.dtype.kind in "biu" and known.size:
            return int(known.min()), int(known.max())
        node = onnx_maker(tensor)
        made = self._indexed(tensor) if not tensor.inputs else None if node is None else self._made(node, tensor)
        return made if made is not None and whole[0] <= made[0] <= made[1] <= whole[1] else whole

    def _read(self, node: Any, place: int) -> Interval | None:
        """Return the interval of an operand; None if it is left out or is not an integer tensor."""
        given = node.inputs[place] if place < len(node.inputs) else None
        return None if given is None or not given.name else self._found.get(id(given))

    def _made(self, node: Any, tensor: Any) -> Interval | None:
        """Return the interval of an operator's output in unbounded integers; None where it is not known."""
        op, inputs = node.op, node.inputs
        if op == "Shape":
            sizes = self._sizes(inputs[0])
            picked = None if sizes is None else sizes[slice(node.attrs.get("start", 0), node.attrs.get("end"))]
            return (0, SIZE) if picked is None else (min(picked, default=0), max(picked, default=0))
        if op == "Size":
            count = self._count(inputs[0])
            return (0, SIZE) if count is None else (count, count)
        if op in ("ArgMax", "ArgMin") or (op == "TopK" and tensor is node.outputs[1]):
            return 0, max(self._longest(inputs[0], node.attrs.get("axis", -1 if op == "TopK" else 0)) - 1, 0)
        if op == "NonZero":
            return 0, max(self._longest(inputs[0], None) - 1, 0)
        if op in FIRST:
            first = self._read(node, 0)
            return None if first is None else self._alone(node, first)
        if op not in EVERY:
            return None
        if op == "Clip":
            return self._clipped(node)
        places = {"Pad": (0,), "Where": (1, 2)}.get(op, range(len(inputs)))
        parts = [self._read(node, place) for place in places]
        known = [part for part in parts if part is not None]
        if len(known) != len(parts) or not known:
            return None
        if op == "Pad":
            return self._padded(node, known[0])
        if op in ("Concat", "Where"):
            return _hull(known)
        if op == "Max":
            return max(low for low, _ in known), max(high for _, high in known)
        if op == "Min":
            return min(low for low, _ in known), min(high for _, high in known)
        if op == "Sum":
            return sum(low for low, _ in known), sum(high for _, high in known)
        return _pair(node, known[0], known[1]) if len(known) == 2 else None

    def _indexed(self, tensor: Any) -> Interval | None:
        """Return the interval of the indices that Gathers of the main graph take, where they read a tensor without a producer."""
        top, given = {id(node) for node in self.surgery.top.nodes}, {id(each) for each in self.surgery.top.outputs}
        held, found = [tensor], list[Interval]()
        for one in held:
            for node in one.outputs:
                made = node.outputs[0]
                if id(node) not in top or not is_standard(node) or not (made.outputs or id(made) in given):
                    continue  # a runtime leaves out what nothing reads
                if node.op in KEEPERS and node.inputs[0] is one:
                    held.append(made)
                elif node.op == "Gather" and node.inputs[1] is one:
                    size = self._longest(node.inputs[0], node.attrs.get("axis", 0))
                    found += [(-size, size - 1)] if size < SIZE else []
        return (max(low for low, _ in found), min(high for _, high in found)) if found else None

    def _alone(self, node: Any, first: Interval) -> Interval | None:
        low, high = first
        if node.op == "Abs":
            return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        if node.op == "Neg":
            return -high, -low
        if node.op in ("ReduceSum", "CumSum"):  # empty sums are 0
            count = self._count(node.inputs[0])
            return None if count is None else (min(0, low, low * count), max(0, high, high * count))
        if node.op in ("ReduceMax", "ReduceMin"):  # the maximum of no values is the least value of the dtype
            return first if self._count(node.inputs[0]) else None
        return first

    def _padded(self, node: Any, first: Interval) -> Interval | None:
        """Return the interval of Pad: that of its input joined with the constant, 0 by default."""
        if node.attrs.get("mode", "constant") != "constant":
            return first
        if len(node.inputs) < 3 or not node.inputs[2].name:
            value = node.attrs.get("value", 0)
            return _hull([first, (0, 0)]) if value == 0 else None
        filled = self._read(node, 2)
        return None if filled is None else _hull([first, filled])

    def _clipped(self, node: Any) -> Interval | None:
        """Return the interval of Clip, which is Min(max, Max(x, min)): the upper bound takes precedence."""
        first = self._read(node, 0)
        if first is None:
            return None
        low, high = first
        for place, choose in ((1, max), (2, min)):
            if place < len(node.inputs) and node.inputs[place].name:
                end = self._read(node, place)
                if end is None:
                    return None
                low, high = choose(low, end[0]), choose(high, end[1])
        return low, high

    def _sizes(self, tensor: Any) -> list[int] | None:
        """Return a tensor's dims if all are fixed; else None."""
        value = self.surgery.value(tensor)
        shape = None if value is None else value.shape
        if shape is None:
            return None
        sizes = [dim for dim in shape if isinstance(dim, int) and dim >= 0]
        return sizes if len(sizes) == len(shape) else None

    def _longest(self, tensor: Any, axis: int | None) -> int:
        """Return the largest possible size of an axis, or of any axis if `axis` is None."""
        value = self.surgery.value(tensor)
        shape = None if value is None else value.shape
        if shape is None or (axis is not None and not -len(shape) <= axis < max(len(shape), 1)):
            return SIZE
        dims = list(shape) if axis is None or not shape else [shape[axis]]
        return max((dim if isinstance(dim, int) and dim >= 0 else SIZE for dim in dims), default=1)

    def _count(self, tensor: Any) -> int | None:
        """Return the number of elements of a tensor with fixed dims; else None."""
        sizes = self._sizes(tensor)
        return None if sizes is None else math.prod(sizes)


def onnx_maker(tensor: Any) -> Any:
    """Return a tensor's producer if it is of ONNX's own domain; None for an input, a constant or another domain's node."""
    node = tensor.inputs[0] if tensor.inputs else None
    return node if node is not None and is_standard(node) else None


def _hull(parts: Iterable[Interval]) -> Interval:
    lows, highs = zip(*parts, strict=True)
    return min(lows), max(highs)


def _pair(node: Any, one: Interval, other: Interval) -> Interval | None:
    if node.op == "Add":
        return one[0] + other[0], one[1] + other[1]
    if node.op == "Sub":
        return one[0] - other[1], one[1] - other[0]
    if node.op == "Mul":
        return _ends(a * b for a, b in itertools.product(one, other))
    divisors = [n for n in {*other, -1, 1} if n and other[0] <= n <= other[1]]  # division by 0 has no result
    if not divisors:
        return None
    if node.op == "Div":
        # Runtimes round towards zero, and some downwards: where the result is negative both are included.
        return _ends(made for a, b in itertools.product(one, divisors) for made in (a // b, a // b if a * b >= 0 else -(-a // b)))
    widest = max(map(abs, divisors)) - 1
    if node.attrs.get("fmod", 0):  # the sign of the dividend
        return (max(-widest, one[0]) if one[0] < 0 else 0), (min(widest, one[1]) if one[1] > 0 else 0)
    low, high = (-widest if min(divisors) < 0 else 0), (widest if max(divisors) > 0 else 0)
    return (0, min(high, one[1])) if one[0] >= 0 and low == 0 else (low, high)


def _ends(numbers: Iterable[int]) -> Interval:
    listed = list(numbers)
    return min(listed), max(listed)
