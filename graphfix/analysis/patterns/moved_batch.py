"""A dynamic batch that a Reshape makes another axis, before a Transpose and a second Reshape.

A compiler that looks for shuffled channels in such a chain may take the first axis behind the Reshape for the batch.
"""

from __future__ import annotations

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Shape

RANKS = (4, 5)
"""The ranks of the first Reshape's result that are looked at as shuffled channels."""


def _find(context: Context) -> dict[int, Told]:
    if "Transpose" not in context.by_op:
        return {}
    found = ((at, _moved_to(context, context.nodes[at])) for at in context.at(("Reshape",)))
    return {at: {"rebatches": place} for at, place in found if place}


def _moved_to(context: Context, node: NodeFacts) -> str:
    """Where the batch is in such a chain that a Reshape ends, in which each value has one reader; empty for other nodes."""
    moved = _alone(context, node, "Transpose")
    first = _alone(context, moved, "Reshape") if moved is not None else None
    if first is None:
        return ""
    (data, *_), (result, *_) = first.inputs, first.outputs
    if data is None or result is None or data.shape is None or result.shape is None:
        return ""
    return moved_to(data.shape, result.shape)


def moved_to(before: Shape, after: Shape) -> str:
    """The place that a dynamic first of four dims has after a Reshape, `second` or `later`; empty where it stays the first."""
    if len(before) != 4 or isinstance(before[0], int) or len(after) not in RANKS or not isinstance(after[0], int):
        return ""
    return "second" if not isinstance(after[1], int) else "later" if not all(isinstance(dim, int) for dim in after) else ""


def _alone(context: Context, reader: NodeFacts, op: str) -> NodeFacts | None:
    """The node of this operator that makes the reader's data for it alone."""
    data = reader.inputs[0] if reader.inputs else None
    maker = context.producer(data.name) if data is not None else None
    if data is None or maker is None or maker.op != op or maker.domain or len(context.readers(data.name)) != 1:
        return None
    return maker


PATTERN = StructuralPattern(frozenset({"Reshape"}), {"rebatches": False}, _find, own=True)
