"""The sizes that an operator takes only: the axes of a Squeeze, the parts of a Split, the elements of a constant target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import expression, read
from graphfix.analysis.values import NodeFacts, Shape, integers

REQUIRING = ("Squeeze", "Split", "Reshape", "Concat", "NonMaxSuppression")


def required_sizes(node: NodeFacts) -> Iterator[tuple[int, int, int]]:
    """Yield the operands of a node, by place, with an axis and the only size with which it runs."""
    data = node.inputs[0] if node.inputs else None
    if data is None or not data.shape or node.domain or node.op not in REQUIRING:
        return
    rank = len(data.shape)
    target = node.inputs[1] if len(node.inputs) > 1 else None
    given = integers(target)
    if node.op == "Squeeze":
        axes = given if given is not None else attribute(node.proto, "axes", ())
        yield from ((0, axis % rank, 1) for axis in axes)
    elif node.op == "Split":
        parts = given if given is not None else attribute(node.proto, "split", ())
        if parts:
            yield 0, attribute(node.proto, "axis", 0) % rank, sum(parts)
    elif node.op == "Reshape":
        sizes = given if given is not None else target.sizes if target is not None else None
        yield from _reshaped(data.shape, sizes or ())
    else:
        yield from _alike(node, rank)


def _reshaped(shape: Shape, target: Sequence[int | str | None]) -> Iterator[tuple[int, int, int]]:
    """Yield the size of the only dim of a Reshape's data that its target does not have too, from the numbers of elements."""
    if not target or None in (*shape, *target) or any(isinstance(dim, int) and dim <= 0 for dim in (*shape, *target)):
        return
    left = prod((read(dim) for dim in target if dim is not None), start=expression(1))
    for axis, dim in enumerate(shape):
        if isinstance(dim, str):
            others = prod((read(each) for at, each in enumerate(shape) if at != axis and each is not None), start=expression(1))
            size = left.share(others)
            if size is not None and size.number is not None:
                yield 0, axis, size.number


def _alike(node: NodeFacts, rank: int) -> Iterator[tuple[int, int, int]]:
    """Yield the sizes that the operands of a Concat, or the first two of a NonMaxSuppression, have in common."""
    joined = attribute(node.proto, "axis", 0) % rank if node.op == "Concat" else None
    shapes = [value.shape or () if value is not None else () for value in node.inputs[: 2 if joined is None else None]]
    for axis in [0] if joined is None else [axis for axis in range(rank) if axis != joined]:
        sizes = {dim for shape in shapes for dim in shape[axis : axis + 1] if isinstance(dim, int)}
        if len(sizes) == 1:
            yield from ((place, axis, next(iter(sizes))) for place, shape in enumerate(shapes) if axis < len(shape))
