"""Every n-th entry of a dim that a Reshape before it splits, merges or adds.

Compilers that pull the choice of entries up through the graph may find no dim for it in the Reshape's operand. It moves up
only past what nothing else reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.strided_matmul import BLOCKING
from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told
from graphfix.analysis.values import NodeFacts, Shape, Value, is_unclear

CHOOSING = ("Slice", "Conv")
RESHAPING = {"Reshape", "Flatten"}
MOVING = {"Squeeze", "Unsqueeze"}
STOPPING = BLOCKING | {"MatMul"}
"""Operators that a choice of entries does not move up through."""
MOST_STEPS = 32


def _find(context: Context) -> dict[int, Told]:
    nodes = [(at, context.nodes[at]) for at in context.at(CHOOSING)]
    strided = [(at, node, axes) for at, node in nodes if (axes := strided_axes(node))]
    if not strided or context.by_op.keys().isdisjoint(RESHAPING):
        return {}
    readers = Counter(name for node in context.nodes.values() for name in (*node.proto.input, *node.captured))
    return {
        at: {"strides": "reshaped"} for at, node, axes in strided if any(_made(node, axis, readers, context) for axis in axes)
    }


def strided_axes(node: NodeFacts) -> list[int]:
    """The axes of which a Slice or a pointwise convolution skips or turns around entries, counted from the first."""
    data = node.inputs[0] if node.inputs else None
    if node.op == "Conv":
        weight = node.inputs[1] if len(node.inputs) > 1 else None
        kernel = attribute(node.proto, "kernel_shape", () if weight is None else (weight.shape or ())[2:])
        strides = attribute(node.proto, "strides", ()) if set(kernel) == {1} else ()
        there = 0 if data is None or data.rank is None else data.rank - 2
        return [at + 2 for at, step in enumerate(strides[:there]) if step != 1]
    if len(node.inputs) < 5 or data is None or not data.rank or data.source != "runtime":
        return []
    axes, steps = node.inputs[3], node.inputs[4]
    if steps is None or steps.constant is None or (axes is not None and axes.constant is None):
        return []
    taken = steps.constant.reshape(-1).tolist()
    named = list(range(len(taken))) if axes is None or axes.constant is None else axes.constant.reshape(-1).tolist()
    return [axis % data.rank for axis, step in zip(named, taken, strict=False) if step != 1]


def _made(node: NodeFacts, axis: int, readers: Mapping[str, int], context: Context) -> bool:
    """Whether an axis of a node's operand is one that a Reshape made, which the choice of entries can be moved up to."""
    front: list[tuple[Value, int]] = [(node.inputs[0], axis)] if node.inputs[0] is not None else []
    passed = Counter(node.proto.input[:1])  # reads of a value that the choice is moved up from
    for _ in range(MOST_STEPS):
        if not front:
            return False
        value, at = front.pop()
        maker = context.producer(value.name)
        if maker is None or readers[value.name] > passed[value.name] or maker.domain or value.shape is None:
            continue
        passed.update(maker.proto.input)
        source = maker.inputs[0] if maker.inputs else None
        if maker.op in RESHAPING | MOVING:
            if source is None or source.shape is None:
                continue
            kept = kept_axis(source.shape, value.shape, at)
            if kept is None and maker.op in RESHAPING:
                return True
            front += [(source, kept)] if kept is not None else []
        elif maker.op == "Transpose":
            order = attribute(maker.proto, "perm", tuple(reversed(range(len(value.shape)))))
            front += [(source, order[at])] if source is not None else []
        elif maker.op not in STOPPING:
            front += [(given, at) for given in maker.inputs if given is not None and _has(given, value.shape, at)]
    return False


def _has(value: Value, shape: Shape, at: int) -> bool:
    """Whether an operand has the axis of a result with that shape."""
    return (
        value.source == "runtime" and value.shape is not None and len(value.shape) == len(shape) and value.shape[at] == shape[at]
    )


def kept_axis(before: Shape, after: Shape, axis: int) -> int | None:
    """The axis before a Reshape that is the axis after it; None where that is made of others."""
    if axis < _equal(before, after):
        return axis
    if len(after) - axis <= _equal(before[::-1], after[::-1]):
        return axis + len(before) - len(after)
    return None


def _equal(one: Shape, other: Shape) -> int:
    """How many dims are equal from the first on."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b or is_unclear(a):
            return at
    return min(len(one), len(other))


PATTERN = StructuralPattern(
    frozenset(CHOOSING),
    {"strides": "other"},
    _find,
)
