"""Symbolic evaluation of shape arithmetic: the elements of vectors of sizes as expressions in symbolic dims.

`Shape` of `[N, 3, H, W]`, sliced, doubled and joined, is `[N, 3, 2*H, 2*W]`. Sizes are expressions, see analysis/dims.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphfix.analysis.dim_names import quoted
from graphfix.analysis.dims import ZERO, DimExpr, ceil, expression, floor, nearest, read, symbol, trunc
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor

MOST = 64
"""Maximum number of elements of an evaluated vector."""
DEEPEST = 200


Sizes = tuple[DimExpr, ...]


class Tracer:
    """Evaluates shape arithmetic in an open model."""

    def __init__(self, surgery: GraphEditor) -> None:
        self.surgery = surgery
        self._memo: dict[int, Sizes | None] = {}

    def shape(self, tensor: Any) -> Sizes | None:
        """Return the dims of a tensor; None where its rank is unknown."""
        value = self.surgery.value(tensor)
        if value is None or value.shape is None:
            return None
        named = enumerate(value.shape)
        return tuple(read(dim) if dim is not None else symbol(f"{quoted(tensor.name)}.{i}") for i, dim in named)

    def elements(self, tensor: Any, depth: int = 0) -> Sizes | None:
        """Return the elements of a small vector or scalar; None where it is not shape arithmetic."""
        if id(tensor) not in self._memo:
            self._memo[id(tensor)] = None  # ends the recursion on a cycle, which no valid model has
            self._memo[id(tensor)] = self._elements(tensor, depth)
        return self._memo[id(tensor)]

    def _elements(self, tensor: Any, depth: int) -> Sizes | None:
        known = self.surgery.known(tensor) if tensor.name else None
        if known is not None:
            return _numbers(known)
        if depth > DEEPEST or len(tensor.inputs) != 1:
            return None
        node = tensor.inputs[0]
        if not is_standard(node) or node.outputs[0] is not tensor:
            return None
        if node.op == "Shape":
            dims = self.shape(node.inputs[0])
            return None if dims is None else dims[node.attrs.get("start", 0) : node.attrs.get("end", len(dims))]
        if node.op == "Size":
            dims = self.shape(node.inputs[0])
            return None if dims is None else (_product(dims),)
        parts = [self.elements(operand, depth + 1) if operand.name else () for operand in node.inputs]
        if any(part is None for part in parts):
            return None
        follow = FOLLOWED.get(node.op)
        made = follow(self, node, [part for part in parts if part is not None]) if follow is not None else None
        return made if made is not None and len(made) <= MOST else None

    def constant(self, node: Any, position: int, name: str = "") -> list[int] | None:
        """Return a constant operand, or the attribute used for it in older opsets, as a flat list; None if there is neither."""
        if len(node.inputs) > position and node.inputs[position].name:
            known = self.surgery.known(node.inputs[position])
            return None if known is None else [int(item) for item in known.reshape(-1)]
        found = node.attrs.get(name)
        return None if found is None else [int(item) for item in found]


def _numbers(array: np.ndarray[Any, Any]) -> Sizes | None:
    if array.dtype.kind not in "iufb" or array.size > MOST or not np.isfinite(array.astype(np.float64)).all():
        return None
    ratios = (item.as_integer_ratio() for item in array.reshape(-1).tolist())
    return tuple(expression(number) / share for number, share in ratios)


def _product(sizes: Sizes) -> DimExpr:
    made = expression(1)
    for size in sizes:
        made *= size
    return made


def _gather(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    picked = tracer.constant(node, 1)
    if picked is None or not all(-len(parts[0]) <= place < len(parts[0]) for place in picked):
        return None
    return tuple(parts[0][place] for place in picked)


def _slice(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    bounds = [tracer.constant(node, 1, "starts"), tracer.constant(node, 2, "ends")]
    step = tracer.constant(node, 4) or [1]
    if any(bound is None or len(bound) != 1 for bound in bounds) or len(step) != 1 or step[0] == 0:
        return None
    (start,), (end,) = (bound for bound in bounds if bound is not None)
    return parts[0][start : end if step[0] > 0 or end >= -len(parts[0]) else None : step[0]]


def _pairs(parts: list[Sizes]) -> list[tuple[DimExpr, DimExpr]] | None:
    """Return the elements of two vectors in pairs, one of length 1 repeated; None where the lengths do not match."""
    one, other = parts
    if not one or not other or (len(one) != len(other) and 1 not in (len(one), len(other))):
        return None
    length = max(len(one), len(other))
    return list(zip(one * (length // len(one)), other * (length // len(other)), strict=True))


def _pairwise(combine: Callable[[DimExpr, DimExpr], DimExpr]) -> Callable[[Tracer, Any, list[Sizes]], Sizes | None]:
    def follow(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
        pairs = _pairs(parts)
        return None if pairs is None else tuple(combine(a, b) for a, b in pairs)

    return follow


def _divide(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    """Return the quotients: integers round towards zero, floats keep their fraction."""
    value, pairs = tracer.surgery.value(node.outputs[0]), _pairs(parts)
    if pairs is None or any(not divisor.terms for _, divisor in pairs):
        return None
    whole = value is None or not value.dtype.startswith("float")
    return tuple(trunc(a / b) if whole else a / b for a, b in pairs)


def _rounded(rounded: Callable[[DimExpr], DimExpr]) -> Callable[[Tracer, Any, list[Sizes]], Sizes | None]:
    def follow(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
        value = tracer.surgery.value(node.outputs[0])
        if node.op == "Cast" and value is not None and value.dtype.startswith(("float", "double")):
            return parts[0]
        return tuple(map(rounded, parts[0]))

    return follow


def _equal(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    """Return 1 for equal and 0 for unequal elements, where that is certain."""
    same = [a.equals(b) for a, b in _pairs(parts) or ()]
    return tuple(expression(int(bool(one))) for one in same) if same and None not in same else None


def _where(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    condition = parts[0]
    length = max(map(len, parts))
    if not all(len(part) in (1, length) for part in parts) or any(size.rational is None for size in condition):
        return None
    rows = zip(*(part * (length // len(part)) for part in parts), strict=True)
    return tuple(a if c.terms else b for c, a, b in rows)


def _filled(tracer: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    count = parts[0][0].number if len(parts[0]) == 1 else None
    value = node.attrs.get("value")
    filling = _numbers(np.asarray(value.values)) if value is not None else (ZERO,)
    return filling * count if count is not None and filling is not None and 0 < count <= MOST else None


def _same(_: Tracer, node: Any, parts: list[Sizes]) -> Sizes | None:
    return parts[0]


FOLLOWED: dict[str, Callable[[Tracer, Any, list[Sizes]], Sizes | None]] = {
    "Concat": lambda _, node, parts: tuple(size for part in parts for size in part),
    "Gather": _gather, "Slice": _slice, "Identity": _same, "Unsqueeze": _same, "Squeeze": _same, "Reshape": _same,
    "Flatten": _same, "Cast": _rounded(trunc), "Floor": _rounded(floor), "Ceil": _rounded(ceil), "Round": _rounded(nearest),
    "Mul": _pairwise(DimExpr.__mul__), "Div": _divide, "Add": _pairwise(DimExpr.__add__), "Sub": _pairwise(DimExpr.__sub__),
    "ReduceProd": lambda _, node, parts: (_product(parts[0]),), "Equal": _equal, "Where": _where, "ConstantOfShape": _filled,
}  # fmt: skip


def whole(sizes: Sequence[DimExpr]) -> list[int] | None:
    """Return the sizes as integers if every one is fixed; else None."""
    found = [size.number for size in sizes]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None
