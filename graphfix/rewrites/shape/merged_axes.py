"""Nodes on tensors of many axes, written on fewer: neighbouring axes that an operator treats alike are one axis.

The function of an operator builds the node on reshaped operands and gives its reshaped outputs. A dim that is not fixed is
written as -1, and no tensor may have two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import groupby
from math import prod
from typing import Any

import numpy as np

from graphfix.analysis.wide_chains import ALONG, BROADCAST, REDUCTIONS, UNARY, VIEWS
from graphfix.rewriting.replacement import ReplacementBuilder

IN_PARTS = frozenset(
    {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp"}
)
"""Reductions that can be done over one axis after another."""

Dims = list[int]
Groups = list[list[int]]


def dims_of(shape: Sequence[int | str | None] | None) -> Dims | None:
    """Return dims as numbers, -1 for one that is not fixed; None where there are two of them, or the rank is unknown."""
    if shape is None or sum(not isinstance(dim, int) for dim in shape) > 1 or 0 in shape:
        return None
    return [dim if isinstance(dim, int) else -1 for dim in shape]


def length(dims: Sequence[int]) -> int:
    """Return the length of an axis that stands for these, -1 where it is not fixed."""
    return -1 if -1 in dims else prod(dims)


def grouped(kinds: Sequence[Hashable]) -> Groups:
    """Return the axes in groups of neighbours of the same kind; an axis whose kind is None is left out."""
    kept = [axis for axis, kind in enumerate(kinds) if kind is not None]
    return [list(group) for _, group in groupby(kept, key=lambda axis: kinds[axis])]


class Narrowed:
    """One node, to be written on merged axes."""

    def __init__(self, draft: ReplacementBuilder, most: int) -> None:
        self.draft, self.most = draft, most
        node = draft.node
        self.dims = [dims_of(draft.shape(i)) if draft.has(i) else [] for i in range(len(node.inputs))]
        values = [draft.surgery.value(tensor) for tensor in node.outputs]
        self.made = [dims_of(value.shape) if value is not None else None for value in values]

    def draw(self) -> str | None:
        """Build the node's outputs; return why that is not possible, else None."""
        op = self.draft.node.op
        plan = PLANS.get(op) or next((plan for ops, plan in FAMILIES if op in ops), None)
        if plan is None:
            return f"`{op}` has no form on merged axes here"
        if None in self.made or self.dims[0] is None:
            return "several dims are not fixed"
        return plan(self)

    def operand(self, index: int, groups: Groups, dims: Dims | None = None) -> str:
        """Return an operand with its axes merged."""
        own = dims if dims is not None else self.dims[index] or []
        wide = [length([own[axis] for axis in group]) for group in groups]
        known = self.draft.known(index)
        if known is not None:
            return self.draft.constant(known.reshape(wide), known.dtype)
        return self.draft.reshape(self.draft.inputs[index], wide)

    def give(self, name: str, index: int = 0) -> None:
        """Make a value the node's output, in the dims that it has."""
        self.draft.give(self.draft.reshape(name, self.made[index] or []), index)

    def attributes(self, **changed: Any) -> dict[str, Any]:
        """Return the node's attributes with some changed."""
        return {**self.draft.node.attrs, **changed}

    def rest(self, start: int = 1) -> list[str]:
        """Return the names of the operands that stay as they are."""
        return self.draft.inputs[start:]

    def unary(self) -> str | None:
        """Write an operator that takes each element by itself."""
        x = self.operand(0, [list(range(len(self.dims[0] or [])))])
        self.give(self.draft.op(self.draft.node.op, x, *self.rest(), **self.attributes()))
        return None

    def broadcast(self) -> str | None:
        """Write an operator that broadcasts its operands."""
        draft, out = self.draft, self.made[0] or []
        several = [0] if draft.node.op == "Expand" else list(range(len(self.dims)))
        shapes = [draft.shape(i) for i in several]
        if any(shape is None for shape in shapes):
            return "the rank of an operand is unknown"
        wide: list[list[Any]] = [[1] * (len(out) - len(shape or ())) + list(shape or ()) for shape in shapes]
        if draft.node.op == "Expand" and -1 in out:
            return "the dims that it expands to are not fixed"
        for axis in range(len(out)):
            if len({dims[axis] for dims in wide} - {1}) > 1:
                return "whether an axis is broadcast is not known"
        kinds = [None if out[a] == 1 else tuple(dims[a] == 1 for dims in wide) for a in range(len(out))]
        groups = grouped(kinds)
        if len(groups) > self.most:
            return f"its axes are of {len(groups)} kinds, over {self.most}"
        numbers = [[dim if isinstance(dim, int) else -1 for dim in dims] for dims in wide]
        names = [self.operand(i, groups, dims) for i, dims in zip(several, numbers, strict=True)]
        if draft.node.op == "Expand":
            names.append(draft.constant([length([out[axis] for axis in group]) for group in groups]))
        self.give(draft.op(draft.node.op, *names, **self.attributes()))
        return None

    def reduction(self) -> str | None:
        """Write a reduction."""
        draft, dims = self.draft, self.dims[0] or []
        axes: Any = draft.attribute("axes")
        if axes is None and draft.has(1):
            axes = draft.known(1)
            if axes is None:
                return "the axes that it reduces are not known"
        if axes is not None and not len(axes):
            axes = None
        if axes is None and draft.attribute("noop_with_empty_axes", 0):
            return "it reduces nothing"
        reduced = {int(axis) % len(dims) for axis in (range(len(dims)) if axes is None else axes)}
        long = any(dims[axis] != 1 for axis in reduced)
        kinds = [None if dim == 1 and (long or a not in reduced) else a in reduced for a, dim in enumerate(dims)]
        groups = grouped(kinds)
        inner = [place for place, group in enumerate(groups) if group[0] in reduced]
        if len(groups) <= self.most:
            self.give(draft.op(draft.node.op, self.operand(0, groups), axes=inner, keepdims=1))
            return None
        if draft.node.op not in IN_PARTS:
            return f"its axes are of {len(groups)} kinds, over {self.most}"
        made, left = draft.inputs[0], [length([dims[axis] for axis in group]) for group in groups]
        for place in inner:
            made = draft.reshape(made, [length(left[:place]), left[place], length(left[place + 1 :])])
            made, left[place] = draft.op(draft.node.op, made, axes=[1], keepdims=1), 1
        self.give(made)
        return None

    def along(self) -> str | None:
        """Write an operator along one axis: those before it and those after it are merged."""
        draft, op, dims = self.draft, self.draft.node.op, self.dims[0] or []
        opset, first = draft.surgery.opset, {"Softmax": -1, "LogSoftmax": -1}.get(op, 0)
        if first and opset < 13:
            return f"`{op}` of this opset merges its axes itself"
        axis = draft.attribute("axis", first)
        if op == "CumSum":
            known = draft.known(1)
            if known is None:
                return "the axis is not known"
            axis = int(known.reshape(-1)[0])
        axis %= len(dims)
        groups = [group for group in (list(range(axis)), [axis], list(range(axis + 1, len(dims)))) if group]
        place = groups.index([axis])
        attrs = self.attributes(axis=place)
        if op == "Concat":
            if None in self.dims:
                return "several dims are not fixed"
            names = [self.operand(i, groups) for i in range(len(self.dims))]
        elif op == "Gather":
            names = [self.operand(0, groups), self._flat(1)]
        elif op == "CumSum":
            names, attrs = [self.operand(0, groups), draft.constant(place)], self.attributes()
        else:
            names = [self.operand(0, groups), *self.rest()]
        if op in ("ArgMax", "ArgMin"):
            attrs["keepdims"] = 1
        outputs = draft.ops(op, len(draft.node.outputs), *names, **attrs)
        for index, name in enumerate(outputs):
            self.give(name, index)
        return None

    def _flat(self, index: int) -> str:
        known = self.draft.known(index)
        if known is not None:
            return self.draft.constant(known.reshape(-1), known.dtype)
        return self.draft.reshape(self.draft.inputs[index], [-1])

    def slice(self) -> str | None:
        """Write a Slice: each sliced axis stays an axis."""
        draft, dims = self.draft, self.dims[0] or []
        if draft.surgery.opset < 10:
            return "its bounds are attributes"
        axes = draft.known(3) if draft.has(3) else np.arange((draft.shape(1) or (0,))[0] or 0)
        if axes is None:
            return "the axes that it slices are not known"
        cut = [int(axis) % len(dims) for axis in axes]
        groups = grouped([axis if axis in cut else None if dim == 1 else "stays" for axis, dim in enumerate(dims)])
        if len(groups) > self.most:
            return f"its axes are of {len(groups)} kinds, over {self.most}"
        places = draft.constant([groups.index([axis]) for axis in cut])
        self.give(draft.op("Slice", self.operand(0, groups), draft.inputs[1], draft.inputs[2], places, *draft.inputs[4:]))
        return None

    def pad(self) -> str | None:
        """Write a Pad: each padded axis stays an axis."""
        draft, dims = self.draft, self.dims[0] or []
        pads = draft.known(1)
        if pads is None or draft.has(3):
            return "the axes that it pads are not known"
        count = len(dims)
        padded = [bool(pads[axis] or pads[axis + count]) for axis in range(count)]
        groups = grouped([axis if padded[axis] else None if dims[axis] == 1 else "stays" for axis in range(count)])
        if len(groups) > self.most:
            return f"its axes are of {len(groups)} kinds, over {self.most}"
        sizes = [int(pads[group[0] + side]) if padded[group[0]] else 0 for side in (0, count) for group in groups]
        rest = [draft.inputs[2]] if draft.has(2) else []
        self.give(draft.op("Pad", self.operand(0, groups), draft.constant(sizes), *rest, **self.attributes()))
        return None

    def matmul(self) -> str | None:
        """Write a MatMul whose operands have the same batch dims: all of them are one axis."""
        shapes = [self.draft.shape(i) or () for i in (0, 1)]
        if None in self.dims or len(shapes[0]) != len(shapes[1]) or shapes[0][:-2] != shapes[1][:-2]:
            return "its operands have different batch dims"
        rank = len(shapes[0])
        groups = [list(range(rank - 2)), [rank - 2], [rank - 1]]
        self.give(self.draft.op("MatMul", self.operand(0, groups), self.operand(1, groups)))
        return None

    def view(self) -> str | None:
        """Write an operator that changes the dims alone as a Reshape to numbers."""
        self.give(self.draft.inputs[0])
        return None


FAMILIES: tuple[tuple[frozenset[str], Callable[[Narrowed], str | None]], ...] = (
    (UNARY, Narrowed.unary), (BROADCAST, Narrowed.broadcast), (REDUCTIONS, Narrowed.reduction), (ALONG, Narrowed.along),
    (VIEWS, Narrowed.view),
)  # fmt: skip
PLANS = {"Slice": Narrowed.slice, "Pad": Narrowed.pad, "MatMul": Narrowed.matmul}
