"""Between which numbers the integers of a tensor lie: intervals followed from constants, dims and places."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphfix.surgeon import Surgery

Interval = tuple[int, int]

LONGEST = 2**31 - 1
"""What a free dim may be: no tensor that a device holds has an axis longer than this."""
NARROW = {"bool": (0, 1), "uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767),
          "int32": (-(2**31), 2**31 - 1)}  # fmt: skip
MOVERS = frozenset({"Gather", "GatherElements", "GatherND", "Slice", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten",
                    "Expand", "Tile", "Split", "Identity", "Compress", "DepthToSpace", "SpaceToDepth", "ReverseSequence",
                    "ReduceMax", "ReduceMin"})  # fmt: skip
"""Operators whose results are among the values of their first operand."""


class Bounds:
    """The intervals of a model's integer tensors, each worked out once."""

    def __init__(self, surgery: Surgery) -> None:
        self.surgery = surgery
        self._found: dict[int, Interval | None] = {}

    def of(self, tensor: Any) -> Interval | None:
        """The least and the greatest number a tensor may hold; None where nothing is known."""
        if id(tensor) not in self._found:
            self._found[id(tensor)] = None  # a loop in the graph, were there one, knows nothing
            self._found[id(tensor)] = self._work_out(tensor)
        return self._found[id(tensor)]

    def _work_out(self, tensor: Any) -> Interval | None:
        known = self.surgery.known(tensor)
        if known is not None:
            return (int(known.min()), int(known.max())) if known.size and known.dtype.kind in "biu" else None
        value = self.surgery.value(tensor)
        if value is not None and value.dtype in NARROW:
            return NARROW[value.dtype]
        if not tensor.inputs or tensor.inputs[0].domain not in (None, "", "ai.onnx"):
            return None
        return self._made(tensor.inputs[0], tensor)

    def _made(self, node: Any, tensor: Any) -> Interval | None:
        op, inputs = node.op, node.inputs
        if op in ("Shape", "Size"):
            return 0, self._longest(inputs[0], whole=op == "Size")
        if op in ("ArgMax", "ArgMin", "NonZero") or (op == "TopK" and tensor is node.outputs[1]):
            return 0, self._longest(inputs[0], whole=False) - 1
        if op in MOVERS or op in ("Cast", "ReduceSum", "CumSum", "Abs", "Neg", "Pad"):
            first = self.of(inputs[0])
            return None if first is None else self._alone(node, first)
        if op in ("Concat", "Max", "Min", "Sum") or (op == "Where"):
            parts = [self.of(one) for one in (inputs[1:] if op == "Where" else inputs)]
            known = [part for part in parts if part is not None]
            if len(known) != len(parts):
                return None
            if op == "Sum":
                return sum(part[0] for part in known), sum(part[1] for part in known)
            return min(part[0] for part in known), max(part[1] for part in known)
        if op in ("Add", "Sub", "Mul", "Div", "Mod") and len(inputs) == 2:
            one, other = self.of(inputs[0]), self.of(inputs[1])
            return None if one is None or other is None else _pair(op, one, other)
        return None

    def _alone(self, node: Any, first: Interval) -> Interval | None:
        low, high = first
        if node.op == "Abs":
            return (0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
        if node.op == "Neg":
            return -high, -low
        if node.op == "Pad":
            return min(low, 0), max(high, 0)
        if node.op in ("ReduceSum", "CumSum"):
            value = self.surgery.value(node.inputs[0])
            if value is None or value.shape is None or not all(isinstance(dim, int) for dim in value.shape):
                return None
            count = int(np.prod(value.shape, dtype=np.float64))  # type: ignore[arg-type]
            return min(low, low * count), max(high, high * count)
        if node.op == "Cast":
            source = self.surgery.value(node.inputs[0])
            return first if source is not None and source.dtype in (*NARROW, "int64") else None
        return first

    def _longest(self, tensor: Any, *, whole: bool) -> int:
        """The longest dim a tensor may have, or its most elements."""
        value = self.surgery.value(tensor)
        shape = None if value is None else value.shape
        if shape is None or not all(isinstance(dim, int) for dim in shape):
            return LONGEST
        sizes = [int(dim) for dim in shape if isinstance(dim, int)]
        return int(np.prod(sizes, dtype=np.float64)) if whole else max(sizes, default=1)


def _pair(op: str, one: Interval, other: Interval) -> Interval | None:
    if op == "Add":
        return one[0] + other[0], one[1] + other[1]
    if op == "Sub":
        return one[0] - other[1], one[1] - other[0]
    if op == "Mul":
        corners = [a * b for a in one for b in other]
        return min(corners), max(corners)
    widest = max(abs(bound) for bound in (one if op == "Div" else other))
    return -widest, widest
