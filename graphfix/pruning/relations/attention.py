"""Fused attention, ONNX's and onnxruntime's: the elements of a head go together, through queries, keys and values."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.pruning.axis_graph import Axis, AxisGraph, Indices, SizeEdit

OTHER_FORM = "an attention of another form"
PACKED = 3
"""Queries, keys and values in one weight, one after another."""


def tie_attention(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the heads of an attention; one with a cache, with other heads for keys, or whose mask tells heads apart stays."""
    ranks = [len(axes.dims(name) or ()) for name in node.input[:3] if name]
    if node.domain and node.op_type == "Attention":
        done = _tie_packed(axes, node)
    elif any(node.output[1:]) or len(ranks) < 3 or set(ranks) not in ({3}, {4}):
        done = False
    elif node.domain:
        done = ranks[0] == 3 and not any(node.input[4:5] + node.input[6:]) and _tie_flat(axes, node, "num_heads", "num_heads")
        done = done and _same_for_heads(axes, node, 5) and _tie_biases(axes, node)
    else:
        plain = not any(node.input[4:]) and _same_for_heads(axes, node, 3)
        tie = _tie_flat(axes, node, "q_num_heads", "kv_num_heads") if plain and ranks[0] == 3 else None
        done = plain and (_tie_heads(axes, node) if tie is None else tie)
    if not done:
        axes.freeze_all([*filter(None, node.input), *filter(None, node.output)], OTHER_FORM)


def _same_for_heads(axes: AxisGraph, node: NodeProto, place: int) -> bool:
    """Whether a mask is one for all heads."""
    if len(node.input) <= place or not node.input[place]:
        return True
    dims = axes.dims(node.input[place])
    return dims is not None and (len(dims) < 3 or dims[-3] == 1)


def _tie_flat(axes: AxisGraph, node: NodeProto, queries: str, keys: str) -> bool:
    """Tie operands of three dims, whose last one holds all heads; False where the heads are not known or not the same."""
    heads = int(attribute(node, queries, 0))
    names = [*node.input[:3], node.output[0]]
    sizes = [axes.size((name, 2)) for name in names]
    if not heads or int(attribute(node, keys, 0)) != heads or any(size is None or size % heads for size in sizes):
        return False
    out: Axis = (node.output[0], 2)
    for name, size in zip(names, sizes, strict=True):
        _tie_whole_heads(axes, out, (name, 2), heads, 1)
        axes.tie((name, 0), (node.output[0], 0))
        if name in (node.input[0], node.output[0]):
            axes.tie((name, 1), (node.output[0], 1))
        if name in (node.input[0], node.input[2]):
            key = queries if name == node.input[0] else keys
            if key != queries or name == node.input[0]:
                axes.edits.append(SizeEdit((name, 2), node=node, attribute=key, divisor=(size or 0) // heads))
    return True


def _tie_whole_heads(axes: AxisGraph, out: Axis, axis: Axis, heads: int, blocks: int) -> None:
    """Tie every element of an axis of `blocks` times all heads to the first element of its head in the output."""
    each: Indices = np.arange(axes.size(axis) or 0)
    size, width = each.size // blocks, (axes.size(out) or 0) // heads
    axes.tie(axis, out, each, each % size // (size // heads) * width)


def _tie_biases(axes: AxisGraph, node: NodeProto) -> bool:
    """Tie the biases of queries, keys and values, which are in one vector; they must have one size."""
    if len(node.input) < 4 or not node.input[3]:
        return True
    sizes = {axes.size((name, 2)) for name in node.input[:3]}
    if len(sizes) != 1 or axes.size((node.input[3], 0)) != PACKED * (sizes.pop() or 0):
        return False
    _tie_whole_heads(axes, (node.output[0], 2), (node.input[3], 0), int(attribute(node, "num_heads", 1)), PACKED)
    return True


def _tie_heads(axes: AxisGraph, node: NodeProto) -> bool:
    """Tie operands of four dims, where the heads have an axis of their own, as have the elements of a value."""
    names = [*node.input[:3], node.output[0]]
    if len({axes.size((name, 1)) for name in names}) != 1:
        return False
    for name in names:
        axes.tie((name, 0), (node.output[0], 0))
        axes.tie((name, 1), (node.output[0], 1))
    axes.tie((node.input[0], 2), (node.output[0], 2))
    axes.tie((node.input[2], 3), (node.output[0], 3))
    return True


def _tie_packed(axes: AxisGraph, node: NodeProto) -> bool:
    """Tie onnxruntime's attention, whose projections are one weight; False for another form of it."""
    weights, out = (node.input[1], 1), (node.output[0], 2)
    heads, size = int(attribute(node, "num_heads", 0)), axes.size(out)
    more = any(node.output[1:]) or any(node.input[4:5]) or any(node.input[6:]) or attribute(node, "qkv_hidden_sizes")
    if more or not heads or size is None or size % heads or axes.size(weights) != PACKED * size:
        return False
    if not _same_for_heads(axes, node, 5) or attribute(node, "do_rotary", 0):
        return False
    _tie_whole_heads(axes, out, out, heads, 1)
    _tie_whole_heads(axes, out, weights, heads, PACKED)
    if len(node.input) > 2 and node.input[2]:
        _tie_whole_heads(axes, out, (node.input[2], 0), heads, PACKED)
    axes.sum(node, (node.input[0], 2), (node.input[1], 0))
    axes.tie((node.input[0], 0), (node.output[0], 0))
    axes.tie((node.input[0], 1), (node.output[0], 1))
    axes.edits.append(SizeEdit(out, node=node, attribute="num_heads", divisor=size // heads))
    return True


FAMILY = {"Attention": tie_attention, "MultiHeadAttention": tie_attention}
"""The operators of this file."""
