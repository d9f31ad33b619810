"""The multiply-accumulate operations (MACs) of a model, from the inferred shapes of its layers that multiply.

Counted are convolutions, matrix products, recurrent layers and attention, which dominate the arithmetic of a network;
elementwise operators and reductions are not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import NodeFacts, Value

DOMAINS = ("", "com.microsoft")


def macs(facts: Facts) -> int | None:
    """Return the MACs of one run of a model; None where a dim that they depend on is dynamic or not known.

    None also where a layer that counts is inside a subgraph: how often a loop or a branch runs is not in the shapes.
    """
    total = 0
    for node in facts.nodes:
        count = COUNTS.get(node.op) if node.domain in DOMAINS else None
        if count is None:
            continue
        found = None if node.scope else count(node)
        if found is None:
            return None
        total += found
    return total


def _size(value: Value | None) -> int | None:
    """Return the number of elements of a value."""
    shape = _shape(value)
    return None if shape is None else prod(shape)


def _shape(value: Value | None) -> tuple[int, ...] | None:
    """Return the dims of a value where all of them are static."""
    if value is None or value.shape is None:
        return None
    dims = tuple(dim for dim in value.shape if isinstance(dim, int))
    return dims if len(dims) == len(value.shape) else None


def _operand(node: NodeFacts, position: int) -> Value | None:
    return node.inputs[position] if position < len(node.inputs) else None


def _product(*factors: int | None) -> int | None:
    """Return the product of numbers, None where one is not known."""
    known = [factor for factor in factors if factor is not None]
    return prod(known) if len(known) == len(factors) else None


def _convolution(weights: int) -> Callable[[NodeFacts], int | None]:
    """Count each output element once for every weight of its filter; `weights` is the position of the filters."""

    def count(node: NodeFacts) -> int | None:
        filters = _shape(_operand(node, weights))
        return _product(_size(node.outputs[0]), None if filters is None else prod(filters[1:]))

    return count


def _transposed(node: NodeFacts) -> int | None:
    filters = _shape(_operand(node, 1))
    return _product(_size(_operand(node, 0)), None if filters is None else prod(filters[1:]))


def _matmul(right: int) -> Callable[[NodeFacts], int | None]:
    """Count each output element once for every element of the summed dim; `right` is the position of the second operand."""

    def count(node: NodeFacts) -> int | None:
        second = _shape(_operand(node, right))
        if not second:
            return None
        summed = second[-1] if len(second) == 1 or attribute(node.proto, "transB", 0) else second[-2]
        return _product(_size(node.outputs[0]), summed)

    return count


def _recurrent(node: NodeFacts) -> int | None:
    """Count the input and the recurrent weights of all directions once for each step of each sequence."""
    data = _shape(_operand(node, 0))
    weights = [_size(_operand(node, position)) for position in (1, 2)]
    if data is None or len(data) != 3 or weights[0] is None or weights[1] is None:
        return None
    return data[0] * data[1] * (weights[0] + weights[1])


def _attention(node: NodeFacts) -> int | None:
    """Count the products of queries with keys, and of the weights with values, over all past and present keys."""
    query, key, out = (_shape(value) for value in (_operand(node, 0), _operand(node, 1), node.outputs[0]))
    if node.domain or query is None or key is None or out is None or len(query) not in (3, 4):
        return None
    length = key[-2]
    if _operand(node, 4) is not None:
        past = _shape(_operand(node, 4))
        if past is None:
            return None
        length += past[-2]
    return (prod(query) + prod(out)) * length


def _einsum(node: NodeFacts) -> int | None:
    """Count the product of the sizes of all labels; None for an ellipsis, and nothing where there is one operand."""
    terms = str(attribute(node.proto, "equation", "")).replace(" ", "").partition("->")[0].split(",")
    shapes = [_shape(value) for value in node.inputs]
    if len(terms) < 2:
        return 0
    if any("." in term for term in terms) or len(terms) != len(shapes) or any(shape is None for shape in shapes):
        return None
    sizes = {
        label: size for term, shape in zip(terms, shapes, strict=True) for label, size in zip(term, shape or (), strict=False)
    }
    return prod(sizes.values())


COUNTS: dict[str, Callable[[NodeFacts], int | None]] = {
    "Conv": _convolution(1), "ConvInteger": _convolution(1), "QLinearConv": _convolution(3), "FusedConv": _convolution(1),
    "DeformConv": _convolution(1), "ConvTranspose": _transposed,
    "MatMul": _matmul(1), "Gemm": _matmul(1), "MatMulInteger": _matmul(1), "QLinearMatMul": _matmul(3),
    "FusedMatMul": _matmul(1), "FusedGemm": _matmul(1),
    "LSTM": _recurrent, "GRU": _recurrent, "RNN": _recurrent, "Attention": _attention, "Einsum": _einsum,
}  # fmt: skip
