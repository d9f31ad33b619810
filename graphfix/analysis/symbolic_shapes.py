"""Shape arithmetic element by element: the known elements of a vector of sizes computed from dims of which some are dynamic.

`Shape` of `[n, 64, 8]` is not constant, yet its second element is 64; exporters extract it with Gather or Slice, and
compilers evaluate that. Every function takes and returns tuples of ints, symbols and products of them, with None for an
unknown size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import Array, attribute
from graphfix.analysis.dims import DimExpr, read, written
from graphfix.analysis.values import Dim, Sizes, Value, is_unclear
from graphfix.ir.operator_set import is_standard

MOST = 64
"""The largest number of elements of a vector that is evaluated."""
ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "Add": lambda a, b: a + b, "Sub": lambda a, b: a - b, "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a // b if (a < 0) is (b < 0) else -(-a // b), "Min": min, "Max": max,
}  # fmt: skip
SYMBOLIC: dict[str, Callable[[DimExpr, DimExpr], DimExpr | None]] = {"Mul": DimExpr.__mul__, "Div": DimExpr.share}
"""The operators evaluated on symbols: products, and quotients that are products. Support was measured with these alone."""
UNKNOWN = "?"
"""The placeholder of an unknown dim among the symbols of a product."""
CAST = {1: 2**24, 6: 2**31 - 1, 7: 2**63 - 1, 11: 2**53}
"""The element types to which sizes are cast (float, int32, int64, double), and the limit up to which each holds all integers."""
WIDTHS = {"int32": 32, "int64": 64}
CARRIERS = {"Identity", "Unsqueeze", "Squeeze", "Reshape", "Flatten"}


def sizes_of(value: Value | None) -> Sizes | None:
    """Return the known elements of a small integer vector or scalar; None for any other value."""
    if value is None or value.dtype not in ("int64", "int32"):
        return None
    if value.constant is not None:
        return tuple(int(size) for size in value.constant.reshape(-1)) if value.constant.size <= MOST else None
    return value.sizes


def whole(value: Value | None) -> Sizes | None:
    """Return the same also for a vector or scalar of floats that are sizes, as limits of a Range may be."""
    if value is None or value.dtype not in ("float32", "float64"):
        return sizes_of(value)
    if value.constant is None:
        return value.sizes
    numbers = value.constant.reshape(-1)
    known = numbers.size <= MOST and bool(np.all(np.isfinite(numbers)) and np.all(numbers == np.trunc(numbers)))
    return tuple(int(size) for size in numbers) if known else None


def follow(node: NodeProto, inputs: Sequence[Value | None]) -> Sizes | None:
    """Return the known elements of a node's output; None when the node is no shape arithmetic."""
    data = inputs[0] if inputs else None
    if data is None or not is_standard(node):
        return None
    op = node.op_type
    if op == "Shape":
        shape = data.shape
        dims = shape[attribute(node, "start", 0) : attribute(node, "end", len(shape))] if shape is not None else None
        return None if dims is None else tuple(None if is_unclear(dim) else dim for dim in dims)
    if op == "Size":
        known = data.shape is not None and not any(is_unclear(dim) for dim in data.shape)
        return (product(*counted(data.shape)),) if known and data.shape else None
    if op == "Where" and len(inputs) == 3:
        return _chosen(*(_elements(value) for value in inputs))
    first = sizes_of(data) if op != "Cast" else whole(data)
    if op == "Equal" and len(inputs) == 2:
        return _combined(_alike, first, sizes_of(inputs[1])) if first is not None else None
    if op == "Concat":
        return _joined([sizes_of(value) for value in inputs])
    if first is None:
        return None
    if op in CARRIERS:
        return first
    if op == "Cast":
        most = CAST.get(attribute(node, "to"))
        return None if most is None else tuple(None if isinstance(size, int) and abs(size) > most else size for size in first)
    if op == "Gather" and data.rank == 1 and len(inputs) > 1:
        return _picked(first, inputs[1].constant if inputs[1] is not None else None)
    if op == "Slice" and data.rank == 1:
        return _sliced(node, first, inputs)
    if (
        op == "ScatterElements"
        and data.rank == 1
        and len(inputs) == 3
        and attribute(node, "reduction", b"none") in (b"none", "none")
    ):
        return _replaced(first, inputs[1].constant if inputs[1] is not None else None, sizes_of(inputs[2]))
    if op in ARITHMETIC and len(inputs) == 2:
        return _combined(lambda a, b: _of_two(op, a, b, WIDTHS[data.dtype]), first, sizes_of(inputs[1]))
    return None


def settled(sizes: Sizes | None, stated: Value) -> Array | None:
    """Return the array of a vector of which the shape and every element are known; else None."""
    if (
        sizes is None
        or not all(isinstance(size, int) for size in sizes)
        or not stated.fixed
        or stated.dtype not in ("int64", "int32")
    ):
        return None
    array = np.asarray(sizes, stated.dtype)
    shape = [dim for dim in stated.shape or () if isinstance(dim, int)]
    return array.reshape(shape) if array.size == int(np.prod(shape)) else None


def _joined(parts: Sequence[Sizes | None]) -> Sizes | None:
    known = [part for part in parts if part is not None]
    whole = tuple(size for part in known for size in part)
    return whole if len(known) == len(parts) and len(whole) <= MOST else None


def _picked(sizes: Sizes, index: Array | None) -> Sizes | None:
    if index is None or index.size > MOST:
        return None
    places = [int(place) for place in index.reshape(-1)]
    return tuple(sizes[place] for place in places) if all(-len(sizes) <= place < len(sizes) for place in places) else None


def _replaced(sizes: Sizes, index: Array | None, others: Sizes | None) -> Sizes | None:
    """Evaluate ScatterElements, by which exporters put the lengths of indices among the sizes of what they point into."""
    if index is None or others is None or index.size != len(others):
        return None
    places = [int(place) for place in index.reshape(-1)]
    if not all(-len(sizes) <= place < len(sizes) for place in places):
        return None
    found = list(sizes)
    for place, size in zip(places, others, strict=True):
        found[place] = size
    return tuple(found)


def _sliced(node: NodeProto, sizes: Sizes, inputs: Sequence[Value | None]) -> Sizes | None:
    if len(inputs) == 1:
        starts, ends = attribute(node, "starts", [0]), attribute(node, "ends", [len(sizes)])
        return sizes[starts[0] : ends[0]] if len(starts) == len(ends) == 1 else None
    bounds = [value.constant if value is not None else None for value in inputs[1:3]]
    steps = inputs[4].constant if len(inputs) > 4 and inputs[4] is not None else np.ones(1, np.int64)
    if any(bound is None or bound.size != 1 for bound in (*bounds, steps)):
        return None
    start, end, step = (int(bound.reshape(-1)[0]) for bound in (*bounds, steps) if bound is not None)
    if step < 0 and end < -len(sizes):
        return sizes[start::step]
    return sizes[start:end:step] if step else None


def _elements(value: Value | None) -> Sizes | None:
    """Return the elements of a small vector of sizes, or of booleans as 1 and 0."""
    if value is None or value.dtype != "bool":
        return sizes_of(value)
    if value.constant is not None:
        return tuple(int(one) for one in value.constant.reshape(-1)) if value.constant.size <= MOST else None
    return value.sizes


def _chosen(condition: Sizes | None, one: Sizes | None, other: Sizes | None) -> Sizes | None:
    """Evaluate Where element by element; exporters select so between the target of an Expand and the data's own dims."""
    if not condition or not one or not other:
        return None
    length = max(map(len, (condition, one, other)))
    if any(len(part) not in (1, length) for part in (condition, one, other)):
        return None
    rows = zip(*(part * (length // len(part)) for part in (condition, one, other)), strict=True)
    return tuple((a if a == b else None) if c is None else a if c else b for c, a, b in rows)


def _combined(function: Callable[[Dim, Dim], Dim], one: Sizes, other: Sizes | None) -> Sizes | None:
    if not one or not other or (len(one) != len(other) and 1 not in (len(one), len(other))):
        return None
    length = max(len(one), len(other))
    pairs = zip(one * (length // len(one)), other * (length // len(other)), strict=True)
    return tuple(function(a, b) for a, b in pairs)


def _of_two(op: str, a: Dim, b: Dim, width: int) -> Dim:
    """Evaluate one element of a binary operator; numbers wrap at the integer width, symbols are multiplied and cancelled."""
    if a is None or b is None or (op == "Div" and b == 0):
        return None
    if isinstance(a, int) and isinstance(b, int):
        half = 1 << (width - 1)
        return (ARITHMETIC[op](a, b) + half) % (2 * half) - half
    made = SYMBOLIC[op](read(a), read(b)) if op in SYMBOLIC else None
    return None if made is None else written(made)


def _alike(a: Dim, b: Dim) -> int | None:
    """Return 1 or 0 for dims that are equal or unequal for all inputs, given that no size is negative; else None."""
    if a is None or b is None:
        return None
    same = a == b if isinstance(a, int) and isinstance(b, int) else read(a).equals(read(b))
    return None if same is None else int(same)


def counted(dims: Sequence[Dim]) -> tuple[int, list[str]]:
    """Return the number of elements as a number and symbols in the order of the dims; an unknown dim is a placeholder."""
    number, names = 1, list[str]()
    for dim in dims:
        if isinstance(dim, int):
            number *= dim
        else:
            for product, count in read(UNKNOWN if dim is None else dim).terms:
                number *= count
                names += map(str, product)
    return number, names


def product(number: int, names: Sequence[str]) -> int | str:
    """Return the dim that is the product of a number and symbols."""
    made = written(read("*".join([str(number), *names])))
    assert made is not None, "a number times symbols is a dim"
    return made
