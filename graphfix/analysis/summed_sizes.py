"""Sums and differences of sizes: what a single number is that is computed from dims, where no dim is written so.

A decoder with a cache numbers its positions from the length of the cache to that length plus the new tokens: the difference
of both limits is a dim again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnx import NodeProto

from graphfix.analysis.dims import DimExpr, read, written
from graphfix.analysis.symbolic_shapes import CARRIERS, whole
from graphfix.analysis.values import Dim, Value, is_unclear
from graphfix.ir.operator_set import is_standard

SUMMING: dict[str, Callable[[DimExpr, DimExpr], DimExpr]] = {"Add": DimExpr.__add__, "Sub": DimExpr.__sub__}


def total_of(value: Value | None) -> DimExpr | None:
    """Return the only element of a vector or scalar of sizes as an expression; None where it is not known."""
    if value is None or value.total is not None:
        return None if value is None else value.total
    sizes = whole(value)
    if sizes is None or len(sizes) != 1 or is_unclear(sizes[0]):
        return None
    (size,) = sizes
    return None if size is None else read(size)


def difference(start: Value | None, end: Value | None) -> Dim:
    """Return the dim from one size to another; None where it is not written as a dim."""
    first, last = total_of(start), total_of(end)
    rest = None if first is None or last is None else last - first
    return written(rest) if rest is not None and rest.never_negative else None


def is_lessened(value: Value | None) -> bool:
    """Return whether it is a number above 1 minus dims, as are positions counted back from a fixed one."""
    total = total_of(value)
    if total is None or len(total.terms) < 2 or total.constant <= total.over:
        return False
    return all(count < 0 for product, count in total.terms if product)


def added(node: NodeProto, inputs: Sequence[Value | None]) -> DimExpr | None:
    """Return the only element that a node makes by adding or subtracting sizes, or passes on; None for all other nodes."""
    if not is_standard(node) or not inputs:
        return None
    if node.op_type in CARRIERS or node.op_type == "Cast":
        return inputs[0].total if inputs[0] is not None else None
    if node.op_type not in SUMMING or len(inputs) != 2:
        return None
    one, other = map(total_of, inputs)
    return None if one is None or other is None else SUMMING[node.op_type](one, other)
