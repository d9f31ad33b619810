"""The half of a spectrum that one-sided DFT makes, behind which some compilers have one dim more than ONNX.

Nodes that only compute with the elements, pick some or join them keep the surplus dim; a Reshape ends it.
"""

from __future__ import annotations

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

RANKED = frozenset({"Transpose", "MatMul", "Conv"})
"""Operators whose data must have the rank that ONNX infers."""
KEEPING = {"DFT", "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Log", "Exp", "Abs", "Neg", "Clip", "Max", "Min", "Cast", "Identity",
           "Relu", "Gather", "Slice", "Unsqueeze", "Concat", "Squeeze", "ReduceL2", "ReduceSum", "ReduceSumSquare"}  # fmt: skip
MOST_VALUES = 64
"""The number of values looked at before a node."""


def _find(context: Context) -> dict[int, Told]:
    if not any(_is_half(context.nodes[at]) for at in context.at(("DFT",))):
        return {}
    return {at: {"widened": True} for at in context.at(RANKED) if _behind_half(context.nodes[at].inputs[0], context)}


def _is_half(node: NodeFacts) -> bool:
    """Whether a node makes the half of a spectrum."""
    return bool(node.op == "DFT" and attribute(node.proto, "onesided", 0) and not attribute(node.proto, "inverse", 0))


def _behind_half(value: Value | None, context: Context) -> bool:
    """Whether a value is made of the half of a spectrum by nodes that keep a surplus dim."""
    waiting, seen = [value], set[str]()
    while waiting and len(seen) < MOST_VALUES:
        one = waiting.pop()
        if one is None or one.name in seen:
            continue
        seen.add(one.name)
        maker = context.producer(one.name)
        if maker is None or maker.domain or maker.op not in KEEPING:
            continue
        if _is_half(maker):
            return True
        waiting += maker.inputs if maker.op != "Gather" else maker.inputs[:1]
    return False


PATTERN = StructuralPattern(
    RANKED,
    {"widened": False},
    _find,
    own=True,
)
