"""ScatterND<reduction = "add">(x, i, u) = x + MatMul(i == places, u): every place takes the updates whose index names it.

The comparison has a row for each place and a column for each update. Under `add`, the product with it sums the updates of a
place; under `max`, `min` and `mul`, and along an axis, each row selects its updates and is reduced. Without a reduction the
largest column of a row is the last update of its place.
"""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.replacement import BuiltRewrite, ReplacementBuilder
from graphfix.rewriting.rewrite import FLOATS, Case, FixRule, Safety

MOST_ELEMENTS = 1 << 22
"""The most elements of the comparison, and of the updates selected by it."""
MOST_PRODUCTS = 1 << 26
"""The most multiplications of the matrix product."""
REDUCE = {"add": ("ReduceSum", "Add"), "mul": ("ReduceProd", "Mul"), "max": ("ReduceMax", "Max"), "min": ("ReduceMin", "Min")}
"""For each reduction, the operators that combine the updates of one place, and these with the data."""


class ScatterByOneHot(BuiltRewrite):
    """Write a scatter at places known at run time as a comparison of its indices with all places, for small sizes.

    Why: fewer compilers support scatter than comparisons and sums, and fewer still its reductions. The work grows with the
    product of places and updates, so both must be few. Under `add` each update is multiplied by 0 where it does not belong,
    so that infinity becomes NaN.
    """

    name = "scatter-by-one-hot"
    safety = Safety.EXACT
    needs_opset = 13
    ulps = 64
    dtypes = (*FLOATS, "int32", "int64")
    differs_at = ("nan", "inf")
    fixes = (FixRule("ScatterND"), FixRule("ScatterElements"))
    ops = ("ScatterElements",)
    before = """y = ScatterND<reduction = "add">(x, i, u)"""
    after = """places = Equal(i, every)
               chosen = Cast<to = 1>(places)
               sums = MatMul(chosen, u)
               y = Add(x, sums)"""
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : {opset}]> g ({x} x, bool[{mask}] b, {u} u) => ({x} y)
               <int64[{count}] yes = {{{yes}}}, int64[{count}] no = {{{no}}}> {{
                 i = Where(b, yes, no)
                 y = {op}<{attrs}>(x, i, u) }}""".replace("<>", ""),
            ops=("*",),
        )
        for opset, x, mask, count, yes, no, u, op, attrs in (
            (16, "float[4, N]", "1", "5, 1", "1, 3, 1, -1, 0", "0, 0, 2, 2, 1", "float[5, N]", "ScatterND", 'reduction = "add"'),
            (18, "float[2, 3, 2]", "3, 1", "3, 2", "1, 2, 0, 0, 1, 2", "0, 0, -1, 0, 1, 1", "float[3, 2]", "ScatterND",
             'reduction = "max"'),
            (16, "int64[4]", "1", "3, 1", "1, -1, 1", "0, -4, 2", "int64[3]", "ScatterND", 'reduction = "add"'),
            (13, "float[4, N]", "3, 1", "3, 1", "1, 3, -3", "0, 0, 2", "float[3, N]", "ScatterND", ""),
            (16, "float[2, 3]", "2, 2", "2, 2", "0, -1, 2, 1", "0, 0, 2, 2", "float[2, 2]", "ScatterElements",
             'axis = 1, reduction = "add"'),
            (18, "float[3, 2]", "2, 2", "2, 2", "0, -1, 2, 1", "0, 0, 0, 2", "float[2, 2]", "ScatterElements",
             'reduction = "min"'),
            (16, "float[2, 3]", "2, 2", "2, 2", "0, -1, 2, 1", "0, 1, 2, 0", "float[2, 2]", "ScatterElements",
             'axis = -1, reduction = "mul"'),
            (13, "int32[2, 3]", "2, 2", "2, 2", "0, -1, 2, 1", "0, -2, 2, 0", "int32[2, 2]", "ScatterElements", "axis = 1"),
        )
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[N] x, int64[2, 1] i, float[2] u) => (float[N] y) {
                 y = ScatterND<reduction = "add">(x, i, u) }""",
            because="the number of places is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[3] x, int64[K, 1] i, float[K] u) => (float[3] y) {
                 y = ScatterND<reduction = "add">(x, i, u) }""",
            because="the number of updates is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[3, 4] x, int64[2, 3] i, float[2, 3] u) => (float[3, 4] y) {
                 y = ScatterElements(x, i, u) }""",
            because="its indices leave out places along other axes",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 16]> g (float[5000] x, int64[5000, 1] i, float[5000] u) => (float[5000] y) {
                 y = ScatterND<reduction = "add">(x, i, u) }""",
            because=f"5000 places and 5000 updates make 25000000 comparisons, over {MOST_ELEMENTS}",
        ),
    )

    def draw(self, draft: ReplacementBuilder) -> str | None:
        shapes = [draft.shape(index) for index in range(3)]
        if None in shapes:
            return "the rank of an operand is unknown"
        build = _rows if draft.node.op == "ScatterND" else _elements
        return build(draft, str(draft.attribute("reduction", "none")), *(list(shape or ()) for shape in shapes))


def _rows(draft: ReplacementBuilder, reduction: str, data: list[Any], where: list[Any], updates: list[Any]) -> str | None:
    """Write a ScatterND: places and updates are rows."""
    depth = where[-1] if where else None
    if not isinstance(depth, int) or not all(isinstance(dim, int) for dim in data[:depth]):
        return "the number of places is not fixed"
    if not all(isinstance(dim, int) for dim in where):
        return "the number of updates is not fixed"
    places, count = prod(data[:depth]), prod(where[:-1])
    wide = [dim if isinstance(dim, int) else -1 for dim in data[depth:]]
    width = prod(dim for dim in wide if dim > 0)
    product = reduction == "add" and draft.dtype() in FLOATS
    if excess := _excess(places, count, 1 if product or reduction == "none" else width):
        return excess
    if wide.count(-1) > 1 or (product and places * count * width > MOST_PRODUCTS):
        return "several dims of the data are not fixed" if wide.count(-1) > 1 else "the matrix product is too large"
    row = -1 if -1 in wide else width
    found = _flat(draft, data[:depth], count)
    same = draft.op("Equal", found, draft.constant(np.arange(places).reshape(-1, 1)))
    x, u = draft.reshape("in0", [places, row]), draft.reshape("in2", [count, row])
    if product:
        made = draft.op("Add", x, draft.op("MatMul", draft.cast(same, draft.dtype()), u))
    elif reduction == "none":
        last = _last(draft, same, np.arange(count), 1)
        rows = draft.op("Gather", u, draft.op("Max", last, draft.constant(0)), axis=0)
        hit = draft.op("Greater", draft.reshape(last, [places, 1]), draft.constant(-1))
        made = draft.op("Where", hit, rows, x)
    else:
        same = draft.op("Unsqueeze", same, axes=[2])
        reduce, combine = REDUCE[reduction]
        chosen = draft.op("Where", same, draft.op("Unsqueeze", u, axes=[0]), draft.number(_neutral(draft, reduction)))
        made = draft.op(combine, x, draft.op(reduce, chosen, axes=[1], keepdims=0))
    draft.give(draft.shaped_like(made))
    return None


def _flat(draft: ReplacementBuilder, dims: list[int], count: int) -> str:
    """Return the place of each update, counted along all indexed axes together, as a matrix of one row."""
    where = "in1" if draft.dtype(1) == "int64" else draft.cast("in1", "int64")
    where = draft.reshape(where, [count, len(dims)])
    where = _positive(draft, where, draft.constant(dims))
    if len(dims) > 1:
        strides = [prod(dims[axis + 1 :]) for axis in range(len(dims))]
        where = draft.op("ReduceSum", draft.op("Mul", where, draft.constant(strides)), axes=[1], keepdims=0)
    return draft.reshape(where, [1, count])


def _elements(draft: ReplacementBuilder, reduction: str, data: list[Any], where: list[Any], updates: list[Any]) -> str | None:
    """Write a ScatterElements: places and updates lie along one axis, and all other axes correspond."""
    axis = draft.attribute("axis", 0) % max(1, len(data))
    places, count = data[axis], where[axis]
    if not isinstance(places, int):
        return "the number of places is not fixed"
    if not isinstance(count, int):
        return "the number of updates is not fixed"
    others = [place for place in range(len(data)) if place != axis]
    if any(data[place] is None or data[place] != where[place] for place in others):
        return "its indices leave out places along other axes"
    if excess := _excess(places, count, prod(data[place] for place in others if isinstance(data[place], int))):
        return excess
    along = [-1 if place == axis else 1 for place in range(len(data) + 1)]
    across = [-1 if place == axis + 1 else 1 for place in range(len(data) + 1)]
    index = draft.cast("in1", "int64") if draft.dtype(1) != "int64" else "in1"
    index = _positive(draft, index, draft.constant(places))
    same = draft.op("Equal", draft.op("Unsqueeze", index, axes=[axis]), draft.constant(np.arange(places).reshape(along)))
    u = draft.op("Unsqueeze", draft.inputs[2], axes=[axis])
    if reduction == "none":
        columns = np.arange(count).reshape(across[axis + 1 :])  # without the dims of 1 that broadcasting puts in front
        last = _last(draft, same, columns.reshape(across), axis + 1, keepdims=1)
        only = draft.op("Where", draft.op("Equal", last, draft.constant(columns)), u, draft.number(0))
        hit = draft.op("Greater", draft.op("Squeeze", last, axes=[axis + 1]), draft.constant(-1))
        draft.give(draft.op("Where", hit, draft.op("ReduceSum", only, axes=[axis + 1], keepdims=0), "in0"))
        return None
    reduce, combine = REDUCE[reduction]
    chosen = draft.op("Where", same, u, draft.number(_neutral(draft, reduction)))
    draft.give(draft.op(combine, "in0", draft.op(reduce, chosen, axes=[axis + 1], keepdims=0)))
    return None


def _positive(draft: ReplacementBuilder, index: str, size: str) -> str:
    """Return indices that count from the front."""
    return draft.op("Where", draft.op("Less", index, draft.constant(0)), draft.op("Add", index, size), index)


def _last(draft: ReplacementBuilder, same: str, columns: Any, axis: int, keepdims: int = 0) -> str:
    """Return the last column that is set, -1 where none is."""
    numbered = draft.op("Where", same, draft.constant(columns), draft.constant(-1))
    return draft.op("ReduceMax", numbered, axes=[axis], keepdims=keepdims)


def _neutral(draft: ReplacementBuilder, reduction: str) -> Any:
    """Return the number that a reduction leaves other numbers unchanged with."""
    if reduction in ("add", "mul"):
        return int(reduction == "mul")
    dtype = np.dtype(draft.dtype())
    if dtype.kind == "f":
        return -np.inf if reduction == "max" else np.inf
    return np.iinfo(dtype).min if reduction == "max" else np.iinfo(dtype).max


def _excess(places: int, count: int, width: int) -> str:
    """Return why these are too many; empty where they are not."""
    if not places or not count:
        return "it writes nothing"
    if places * count * width <= MOST_ELEMENTS:
        return ""
    many = f"{places} places and {count} updates" + (f" of {width} elements" if width > 1 else "")
    return f"{many} make {places * count * width} comparisons, over {MOST_ELEMENTS}"
