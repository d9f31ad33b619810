"""Entries repeated along an axis just for a matrix product: an Expand, Tile or filled tensor that a product alone reads.

Compilers that broadcast while they multiply take the operand as it was before, since its entries are the same. That is right
along axes that the other operand has too, and goes wrong along others: a result lacks them, a sum has fewer terms.

The way to the product leads through what only moves entries, and, for compilers that repeat as late as they can, through
functions of single entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from onnx import GraphProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

STRETCHING = {"Expand", "Tile", "ConstantOfShape"}
"""Operators that repeat entries along axes."""
MAPS = {
    "Abs", "Acos", "Asin", "Atan", "Cast", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Neg", "Not", "Reciprocal", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Sqrt", "Tan", "Tanh",
}  # fmt: skip
"""Functions of single entries."""
SILENT = {"Identity", "Dropout"}
COUNTING = {"Shape", "Size"}
"""Readers that want no entries."""
RECURRENT = {"LSTM", "GRU", "RNN"}
PRODUCTS = {"MatMul", "MatMulInteger", "Gemm", "Einsum", "Conv"}
ROLES = ("shared", "open", "summed", "merged", "free", "raised")
"""What an axis is in the product, the least of a hindrance first."""
Axes = tuple[int, ...]
Feeding = tuple[str, str]
NOTHING: Feeding = ("nothing", "nothing")


def broadcasts_into_products(graph: GraphProto, nodes: Mapping[int, NodeFacts]) -> dict[int, Feeding]:
    """How the stretched axes are read by a product, and by way of what, by position of the stretching node.

    `nodes` are the facts of the graph's nodes by position. The first word is `nothing` without a product, else the worst
    that an axis is there: `shared` by the other operand, `open` (not shared, of no fixed size), `summed`, `merged` with
    other axes and summed, `free` (not shared), or `raised` where the result has more dims than the data. The second is
    `product`, `map` (functions of entries stand between), `several` products, `strided` or `recurrent`.
    """
    found: dict[int, Feeding] = {}
    readers: dict[str, list[int]] = defaultdict(list)
    for at, facts in nodes.items():
        if facts.op not in STRETCHING or facts.domain or not facts.outputs or facts.outputs[0] is None:
            continue
        if not readers:
            for place, node in enumerate(graph.node):
                if node.op_type not in COUNTING:
                    for name in node.input[:]:
                        readers[name].append(place)
        axes, raised = _stretched(facts)
        if axes or raised:
            found[at] = _followed(facts.outputs[0], axes, raised, readers, nodes)
    return found


def _stretched(facts: NodeFacts) -> tuple[Axes, bool]:
    """The axes of the result along which entries are repeated, and whether it has more of them than the data."""
    made = facts.outputs[0].shape if facts.outputs[0] is not None else None
    if made is None:
        return (), False
    if facts.op == "ConstantOfShape":
        return tuple(at for at, size in enumerate(made) if size != 1), bool(made)
    data = facts.inputs[0].shape if facts.inputs and facts.inputs[0] is not None else None
    if data is None:
        return (), False
    more = len(made) - len(data)
    grown = tuple(at for at, size in enumerate(made) if size != 1 and (at < more or data[at - more] == 1))
    return grown, more > 0


def _followed(
    value: Value, axes: Axes, raised: bool, readers: Mapping[str, Sequence[int]], nodes: Mapping[int, NodeFacts],
) -> Feeding:  # fmt: skip
    """The product at the end of a row of nodes that each read but the one before."""
    mapped = merged = False
    joined: int | None = None  # the axis of a Concat on the way: it is taken apart along a summed axis alone
    while True:
        at = readers.get(value.name, ())
        node = nodes.get(at[0]) if at else None
        if node is None or node.domain or value.shape is None:
            return NOTHING
        if node.op in PRODUCTS or node.op in RECURRENT:
            ends = [nodes[one] for one in dict.fromkeys(at)]
            if len(at) > 1 and any(end.op not in PRODUCTS for end in ends):
                return NOTHING
            role, by = _role(node, value, axes, joined)
            word = "raised" if raised and role != "nothing" else "merged" if merged and role == "summed" else role
            return NOTHING if word == "nothing" else (word, "several" if len(at) > 1 else "map" if mapped else by)
        if len(at) > 1 or not node.outputs or node.outputs[0] is None or node.outputs[0].shape is None:
            return NOTHING
        made = node.outputs[0]
        if node.op == "Transpose" and sorted(_order(node.proto, len(value.shape or ()))) != list(range(len(value.shape or ()))):
            return NOTHING  # no permutation, which inference refused
        if node.op == "Concat":
            if joined is not None or not value.shape:
                return NOTHING
            joined = attribute(node.proto, "axis", 1) % len(value.shape)
        elif node.op in ("Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze") and joined is not None:
            if node.op != "Transpose":
                return NOTHING
            joined = _order(node.proto, len(value.shape)).index(joined)
            axes = tuple(_order(node.proto, len(value.shape)).index(axis) for axis in axes)
        elif node.op == "Transpose":
            axes = tuple(_order(node.proto, len(value.shape)).index(axis) for axis in axes)
        elif node.op in ("Reshape", "Flatten", "Squeeze", "Unsqueeze"):
            moved = _regrouped(value.shape, made.shape or (), axes)
            if moved is None:
                return NOTHING
            axes, whole = moved
            merged |= not whole
        elif node.op in MAPS:
            mapped |= node.op != "Cast" or value.dtype != made.dtype
        elif node.op not in SILENT:
            return NOTHING
        value = made


def _order(node: NodeProto, rank: int) -> list[int]:
    return [int(axis) for axis in attribute(node, "perm", None) or range(rank - 1, -1, -1)]


def _regrouped(before: Sequence[object], after: Sequence[object], axes: Axes) -> tuple[Axes, bool] | None:
    """Where axes are after a change of shape that merges some or moves ones, and whether none is merged; None for others."""
    old = [at for at, size in enumerate(before) if size != 1]
    new = [at for at, size in enumerate(after) if size != 1]
    if [before[at] for at in old] == [after[at] for at in new]:
        return tuple(new[old.index(axis)] for axis in axes), True
    if not all(isinstance(before[at], int) for at in old):
        return None
    moved: set[int] = set()
    for at in new:
        group, count = [], 1
        while old and count != after[at]:
            group.append(old.pop(0))
            count *= before[group[-1]]  # type: ignore[operator]
        if count != after[at]:
            return None
        moved |= {at} if set(group) & set(axes) else set()
    return tuple(sorted(moved)), False


def _role(node: NodeFacts, value: Value, axes: Axes, joined: int | None) -> Feeding:
    """The worst that one of the axes is in a product."""
    place = next(at for at, operand in enumerate(node.inputs) if operand is not None and operand.name == value.name)
    other = next((operand for at, operand in enumerate(node.inputs[:2]) if at != place and operand is not None), None)
    sides = _labels(node, place, len(value.shape or ()))
    if sides is None or place > 1 or len(sides[0]) != len(value.shape or ()):  # no such product can run
        return NOTHING
    mine, summed, theirs = sides
    if joined is not None and mine[joined] not in summed:
        return NOTHING
    worst = "shared"
    for axis in axes:
        label, size = mine[axis], (value.shape or ())[axis]
        there = [dim for mark, dim in zip(theirs, other.shape, strict=False) if mark == label] if other and other.shape else []
        if label in summed:
            role = "summed"
        elif there and there[0] != 1:
            role = "shared"
        else:
            role = "free" if isinstance(size, int) else "open"
        worst = max(worst, role, key=ROLES.index)
    strided = node.op == "Conv" and set(attribute(node.proto, "strides", ())) - {1}
    return worst, "recurrent" if node.op in RECURRENT else "strided" if strided else "product"


Labels = tuple[Sequence[object], set[object], Sequence[object]]


def _labels(node: NodeFacts, place: int, rank: int) -> Labels | None:
    """A label for each axis of the operand, which of them are summed over, and those of the other operand's axes."""
    ranks = [operand.rank if operand is not None else None for operand in node.inputs[:2]]
    if node.op in RECURRENT:
        return ("time", "batch", "entry"), {"entry"}, ()
    if node.op == "Conv":
        return _pointwise(node, place, rank)
    if node.op == "Gemm":
        sides = [["row", "sum"], ["sum", "column"]]
        for side, flag in zip(sides, ("transA", "transB"), strict=True):
            if attribute(node.proto, flag, 0):
                side.reverse()
        return (sides[place], {"sum"}, sides[1 - place]) if place < 2 else None
    if node.op == "Einsum":
        return _terms(str(attribute(node.proto, "equation", "")), ranks, place)
    if None in ranks or place > 1 or rank == 0:
        return None
    marks = [_operand(ranks[0] or 0, ("sum", "row")), _operand(ranks[1] or 0, ("column", "sum") if ranks[1] != 1 else ("sum",))]
    return marks[place], {"sum"}, marks[1 - place]


def _operand(rank: int, last: Iterable[object]) -> list[object]:
    """Labels of a MatMul's operand: its last axes, from the right, and the batch axes by their distance from the right."""
    return [*last, *range(3, rank + 1)][:rank][::-1]


def _pointwise(node: NodeFacts, place: int, rank: int) -> Labels | None:
    """Labels of a convolution that is a product at every place; None for others."""
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    kernel = weight.shape[2:] if weight is not None and weight.shape is not None else ()
    plain = attribute(node.proto, "group", 1) == 1 and not any(attribute(node.proto, "pads", ()))
    if not plain or set(kernel) != {1} or place > 1:
        return None
    spatial = [f"at {axis}" for axis in range(rank - 2)]
    data, filters = ["batch", "sum", *spatial], ["channel", "sum", *["one"] * len(spatial)]
    return (data, {"sum"}, filters) if place == 0 else (filters, {"sum"}, data)


def _terms(equation: str, ranks: Sequence[int | None], place: int) -> Labels | None:
    """Labels of the operands of an Einsum of one or two, an ellipsis set out."""
    text = equation.replace(" ", "")
    given, _, result = text.partition("->")
    terms: list[list[object]] = []
    for term, rank in zip(given.split(","), ranks, strict=False):
        before, dots, after = term.partition("...")
        if dots and rank is None:
            return None
        more = range((rank or 0) - len(before) - len(after), 0, -1) if dots else ()
        terms.append([*before, *more, *after])
    if place >= len(terms) or len(terms) > 2:
        return None
    every = [label for term in terms for label in term]
    kept = set(result) if "->" in text else {label for label in every if every.count(label) == 1}
    summed: set[object] = {label for label in every if isinstance(label, str) and label not in kept}
    return terms[place], summed, terms[1 - place] if len(terms) == 2 else ()


def _find(context: Context) -> dict[int, Told]:
    return {
        at: {"feeds": role, "feeds.by": by} for at, (role, by) in broadcasts_into_products(context.graph, context.nodes).items()
    }


PATTERN = StructuralPattern(
    frozenset(STRETCHING),
    {"feeds": "nothing", "feeds.by": "nothing"},
    _find,
)
