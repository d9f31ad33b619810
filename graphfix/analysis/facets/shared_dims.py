"""Facets of operators whose operands must have dims in common: whether these have one expression, so that they are equal.

A dim of unknown size counts as equal: what a compiler infers for it is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dim_names import is_untold
from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.values import Dim, NodeFacts, Shape, is_unclear

Facets = dict[str, Facet]


def matmul(node: NodeFacts) -> Facets:
    """Return how the batch dims of the operands of a MatMul agree."""
    first, second = (_shape(node, at) for at in range(2))
    if first is None or second is None:
        return {"batches": None}
    return {"batches": _broadcast(zip(reversed(first[:-2]), reversed(second[:-2]), strict=False))}


def gemm(node: NodeFacts) -> Facets:
    """Return how the rows of the third operand of a Gemm agree with those of the first."""
    first, bias = _shape(node, 0), _shape(node, 2)
    if len(node.inputs) < 3 or node.inputs[2] is None:
        return {"batches": "none"}
    if first is None or bias is None or len(first) != 2:
        return {"batches": None}
    rows = first[1 if attribute(node.proto, "transA", 0) else 0]
    return {"batches": _broadcast([(rows, bias[0])] if len(bias) == 2 else [], one_way=True)}


def recurrent(node: NodeFacts) -> Facets:
    """Return how the batch sizes of the sequences and of the initial states of a recurrent layer agree."""
    states = [value for value in node.inputs[5:7] if value is not None]
    data = _shape(node, 0)
    if not states:
        return {"batches": "none"}
    if data is None or len(data) != 3 or any(value.rank != 3 for value in states):
        return {"batches": None}
    axis = 0 if attribute(node.proto, "layout", 0) else 1
    pairs = [(data[axis], (value.shape or ())[axis]) for value in states]
    return {"batches": "differ" if any(_differ(*pair) for pair in pairs) else _alike(pairs)}


def einsum(node: NodeFacts) -> Facets:
    """Return how the dims agree that have one label in the equation of an Einsum, those of an ellipsis aside."""
    equation = attribute(node.proto, "equation", b"")
    words = equation.decode("utf-8", "replace") if isinstance(equation, bytes) else str(equation)
    terms = words.replace(" ", "").partition("->")[0].split(",")
    shapes = [None if value is None else value.shape for value in node.inputs]
    if len(terms) != len(shapes) or any(shape is None for shape in shapes):
        return {"batches": None}
    found: dict[str, Dim] = {}
    pairs: list[tuple[Dim, Dim]] = []
    for term, shape in zip(terms, shapes, strict=True):
        for letter, dim in _labelled(term, shape or ()):
            if letter in found:
                pairs.append((found[letter], dim))
            found.setdefault(letter, dim)
    return {"batches": _broadcast(pairs)}


def _labelled(term: str, shape: Shape) -> list[tuple[str, Dim]]:
    """Return the labels of one operand with their dims: those after an ellipsis belong to the last dims."""
    before, _, after = term.partition("...")
    last = shape[len(shape) - len(after) :] if after else ()
    return [*zip(before, shape, strict=False), *zip(after, last, strict=False)]


def grid_sample(node: NodeFacts) -> Facets:
    """Return how the batch sizes of the data and the grid of a GridSample agree, whose last dim must be known."""
    data, grid = _shape(node, 0), _shape(node, 1)
    if not data or not grid:
        return {"batches": None}
    return {"batches": "differ" if isinstance(grid[-1], str) else _broadcast([(data[0], grid[0])])}


def scatter_elements(node: NodeFacts) -> Facets:
    """Return how the dims of the indices and the updates of a ScatterElements agree."""
    indices, updates = _shape(node, 1), _shape(node, 2)
    if indices is None or updates is None or len(indices) != len(updates):
        return {"batches": None}
    pairs = list(zip(indices, updates, strict=True))
    return {"batches": "differ" if any(_differ(*pair) for pair in pairs) else _alike(pairs)}


def _shape(node: NodeFacts, at: int) -> Shape | None:
    value = node.inputs[at] if len(node.inputs) > at else None
    return None if value is None else value.shape


def _broadcast(pairs: Iterable[tuple[Dim, Dim]], *, one_way: bool = False) -> str:
    """Return `differ` where some pair can be neither equal for all inputs nor broadcast, one way only or both."""
    found = list(pairs)
    ones = [(a, b) for a, b in found if b != 1 and (one_way or a != 1)]
    return "differ" if any(_differ(*pair) for pair in ones) else _alike(found)


def _alike(pairs: Iterable[tuple[Dim, Dim]]) -> str:
    """Return `dynamic` where some dynamic dim is shared by both sides, else `same`."""
    return "dynamic" if any(isinstance(one, str) and one == other for one, other in pairs) else "same"


def _differ(one: Dim, other: Dim) -> bool:
    """Whether two dims have different expressions, of which one is dynamic."""
    known = not any(is_unclear(dim) or is_untold(dim) for dim in (one, other))
    return known and one != other and (isinstance(one, str) or isinstance(other, str))
