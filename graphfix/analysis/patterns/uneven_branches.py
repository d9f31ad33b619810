"""A convolution of what an If gives whose branches differ in dims.

A compiler that prepares the convolution for the dims of one branch computes something else after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts

OPS = frozenset({"Conv"})


def behind_uneven_branches(context: Context) -> Mapping[int, Told]:
    """The facets of convolutions whose data is the output of an If with branches of the same rank and other dims."""
    found: dict[int, Told] = {}
    if "If" not in context.by_op:
        return found
    for at in context.at(OPS):
        data = context.nodes[at].inputs[0]
        maker = None if data is None else context.producer(data.name)
        while maker is not None and maker.op == "Identity" and maker.inputs[0] is not None:
            maker = context.producer(maker.inputs[0].name)
        if maker is not None and maker.op == "If" and _uneven(maker):
            found[at] = {"branched": True}
    return found


def _uneven(node: NodeFacts) -> bool:
    if len(node.branches) != 2:
        return False
    pairs = [
        (one.shape, other.shape) for one, other in zip(*node.branches, strict=False) if one is not None and other is not None
    ]
    return any(one is not None and other is not None and len(one) == len(other) and one != other for one, other in pairs)


PATTERN = StructuralPattern(
    OPS,
    {"branched": False},
    behind_uneven_branches,
)
