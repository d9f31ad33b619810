"""What a size lacks to a multiple: Mod(k - Mod(n, k), k) and Mod(-n, k) written as Div(n + k - 1, k) * k - n."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import helper

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.integer_ranges import IntegerRanges, onnx_maker
from graphfix.rewriting.rewrite import Key


def round_up(surgery: GraphEditor) -> Iterator[Key]:
    """Rewrite all such remainders and yield the keys of their nodes.

    A compiler that computes with dims as expressions may divide the terms of a negative one apart, and so get another number.
    """
    ranges = IntegerRanges(surgery)
    found = [
        (graph, node, size) for graph in surgery.graphs() for node in graph.nodes if (size := _lacking(surgery, node, ranges))
    ]
    for graph, node, (size, step) in found:
        key, dtype = surgery.key(node), surgery.dtype(node.inputs[1])
        steps = [("Add", "n", "less", "a"), ("Div", "a", "k", "b"), ("Mul", "b", "k", "c"), ("Sub", "c", "n", "y")]
        made, divisor = node.outputs[0], node.inputs[1]
        nodes = [helper.make_node(op, [one, other], [to]) for op, one, other, to in steps]
        surgery.replace(graph, node, nodes, {"n": size, "k": divisor}, {"y": made}, {"less": np.asarray(step - 1, dtype)})
        yield key


def _lacking(surgery: GraphEditor, node: Any, ranges: IntegerRanges) -> tuple[Any, int] | None:
    """Return the size and the step, where the node computes what the size lacks to a multiple of the step."""
    own = is_standard(node)
    if not own or node.op != "Mod" or node.attrs.get("fmod", 0) or surgery.known(node.inputs[0]) is not None:
        return None
    step, less = _number(surgery, node.inputs[1]), onnx_maker(node.inputs[0])
    if step is None or step < 1 or less is None:
        return None
    if less.op == "Neg":
        size = less.inputs[0]
    elif less.op == "Mul" and -1 in (signs := [_number(surgery, operand) for operand in less.inputs]):
        size = less.inputs[1 - signs.index(-1)]
    elif less.op == "Sub" and _number(surgery, less.inputs[0]) in (0, step):
        rest = onnx_maker(less.inputs[1])
        again = rest is not None and rest.op == "Mod" and _number(surgery, rest.inputs[1]) == step
        size = rest.inputs[0] if again and not rest.attrs.get("fmod", 0) else less.inputs[1]
    else:
        return None
    span, value, out = ranges.of(size), surgery.value(size), surgery.value(node.outputs[0])
    same = value is not None and out is not None and value.shape is not None and value.shape == out.shape
    return (size, step) if span is not None and span[0] >= 0 and same else None


def _number(surgery: GraphEditor, tensor: Any) -> int | None:
    """Return the only element of a constant of integers; else None."""
    known = surgery.known(tensor)
    return int(known.reshape(-1)[0]) if known is not None and known.size == 1 and known.dtype.kind == "i" else None
