"""A constant that is subtracted from a convolution: converters add it to the bias, perhaps in an array that they may not write.

Between the two may stand scales and shifts by constants, which become part of the weights, and a BatchNormalization.
"""

from __future__ import annotations

from collections import Counter

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Value

CONVOLUTIONS = {"Conv", "ConvTranspose"}
SCALING = {"Mul", "Div", "Add", "Sub"}
CHANNELS = 1
"""The axis along which a convolution has one bias each."""
MOST_STEPS = 8


def _find(context: Context) -> dict[int, Told]:
    nodes = [(at, context.nodes[at]) for at in context.at(("Sub",))]
    nodes = [(at, node) for at, node in nodes if len(node.inputs) > 1 and _fits(node.inputs[1], node.inputs[0])]
    if not nodes or CONVOLUTIONS.isdisjoint(context.by_op):
        return {}
    readers = Counter(name for node in context.graph.node for name in node.input)
    readers.update(info.name for info in context.graph.output)
    return {at: {"shifts": True} for at, node in nodes if _behind_convolution(node.inputs[0], context, readers)}


def _behind_convolution(value: Value | None, context: Context, readers: Counter[str]) -> bool:
    """Whether a value is a convolution, perhaps scaled and shifted, that nothing else reads."""
    for _ in range(MOST_STEPS):
        maker = context.producer(value.name) if value is not None and readers[value.name] == 1 else None
        if maker is None or maker.domain:
            return False
        if maker.op in CONVOLUTIONS:
            return True
        value = _scaled(maker)
    return False


def _scaled(node: NodeFacts) -> Value | None:
    """The operand that a node scales or shifts per tensor or channel; None for other nodes."""
    if node.op in ("Identity", "BatchNormalization"):
        return node.inputs[0]
    if node.op not in SCALING or len(node.inputs) != 2:
        return None
    pairs = [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])]
    return next((data for data, constant in pairs if _fits(constant, data)), None)


def _fits(constant: Value | None, data: Value | None) -> bool:
    """Whether a constant has one number, or one for each channel of the data."""
    if constant is None or constant.shape is None or constant.source not in ("constant", "folded") or data is None:
        return False
    places = [at for at, dim in enumerate(constant.shape) if dim != 1]
    return not places or (data.rank is not None and [data.rank - len(constant.shape) + at for at in places] == [CHANNELS])


PATTERN = StructuralPattern(
    frozenset({"Sub"}),
    {"shifts": False},
    _find,
)
