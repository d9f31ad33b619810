"""Operators that move elements: transposes, reshapes, slices, joins and resizes."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.pruning.axis_graph import AxisGraph, Order, SizeEdit
from graphfix.pruning.regrouping import regrouped

UNKNOWN = "a value is moved in a way that is not known"


def tie_transpose(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes in their new order."""
    rank = len(axes.dims(node.input[0]) or ())
    order = attribute(node, "perm") or range(rank - 1, -1, -1)
    for place, axis in enumerate(order):
        axes.tie((node.input[0], int(axis)), (node.output[0], place))


def tie_reshape(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes that stay whole; for one that is split or merged, remember the factors."""
    data, out = node.input[0], node.output[0]
    before, after = axes.dims(data), axes.dims(out)
    groups = None if before is None or after is None else regrouped(before, after)
    if groups is None:
        axes.freeze_all([data, out], f"the shapes at {node.op_type} are not known")
        return
    for old, new in groups:
        if len(old) == len(new) == 1:
            axes.tie((data, old[0]), (out, new[0]))
        elif len(old) == 1:
            axes.split_or_merge((data, old[0]), tuple((out, axis) for axis in new))
        elif len(new) == 1:
            axes.split_or_merge((out, new[0]), tuple((data, axis) for axis in old))
        else:
            for axis in (*((data, axis) for axis in old), *((out, axis) for axis in new)):
                axes.freeze(axis, "a Reshape regroups it")
    for place in range(len(after or ())):
        if axes.size((out, place)) is not None and node.op_type == "Reshape":
            _edit(axes, node.input[1], place, (out, place), copied=True)


def tie_expand(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes that are not repeated."""
    data, out = axes.dims(node.input[0]) or (), axes.dims(node.output[0]) or ()
    for axis in range(len(data)):
        if axes.size((node.input[0], axis)) is not None:
            axes.tie((node.input[0], axis), (node.output[0], len(out) - len(data) + axis))
    wanted = axes.dims(node.input[1])
    length = wanted[0] if wanted else None
    for place in range(len(out)):
        if axes.size((node.output[0], place)) is None:
            continue
        if not isinstance(length, int):
            axes.freeze((node.output[0], place), "the shape of an Expand is not known")
        elif place >= len(out) - length:
            _edit(axes, node.input[1], place - len(out) + length, (node.output[0], place))


def _edit(axes: AxisGraph, operand: str, place: int, axis: tuple[str, int], *, copied: bool = False) -> None:
    """Record that an operand states a size, or keep the axis where the operand is not constant."""
    stated, maker = axes.constant(operand), axes.producers.get(operand)
    if stated is None and maker is not None and maker.op_type == "Concat" and all(axes.dims(i) == (1,) for i in maker.input):
        _edit(axes, maker.input[place], 0, axis, copied=copied)
    elif stated is None:
        axes.freeze(axis, "its size is computed")
    elif stated[place] == axes.size(axis):
        axes.edits.append(SizeEdit(axis, operand=operand, position=place))
    elif stated[place] not in ((0, -1) if copied else (1,)):
        axes.freeze(axis, UNKNOWN)


def tie_kept(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes of a Squeeze or an Unsqueeze, which only moves axes of size 1."""
    tie_reshape(axes, node)


def tie_concat(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the elements of every operand to their place in the output."""
    out = node.output[0]
    rank = len(axes.dims(out) or ())
    joined = int(attribute(node, "axis", 0)) % max(rank, 1)
    for name in node.input:
        for axis in range(rank):
            if axis != joined:
                axes.tie((name, axis), (out, axis))
    sizes = [(axes.dims(name) or (None,) * (joined + 1))[joined] for name in node.input]
    _tie_pieces(axes, (out, joined), [(name, joined) for name in node.input], sizes)


def _tie_pieces(
    axes: AxisGraph, whole: tuple[str, int], parts: list[tuple[str, int]], sizes: list[int | str | None]
) -> list[tuple[str, int]]:
    """Tie an axis to those that it consists of; returns the parts that can lose elements."""
    known = [size for size in sizes if isinstance(size, int)]
    if len(known) < len(parts) or sum(known) != axes.size(whole):
        for axis in (whole, *parts):
            axes.freeze(axis, "the sizes of its parts are not known")
        return []
    start, found = 0, []
    for part, size in zip(parts, known, strict=True):
        if size > 1:
            axes.tie(whole, part, np.arange(start, start + size), np.arange(size))
            found.append(part)
        else:
            axes.freeze(whole, "a part of it has one element")
        start += size
    return found


def tie_split(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the elements of every output to their place in the input; the stated sizes follow."""
    data = node.input[0]
    rank = len(axes.dims(data) or ())
    cut = int(attribute(node, "axis", 0)) % max(rank, 1)
    for name in node.output:
        for axis in range(rank):
            if axis != cut:
                axes.tie((data, axis), (name, axis))
    sizes = [(axes.dims(name) or (None,) * (cut + 1))[cut] for name in node.output]
    stated = axes.constant(node.input[1]) if len(node.input) > 1 else None
    for part in _tie_pieces(axes, (data, cut), [(name, cut) for name in node.output], sizes):
        place = list(node.output).index(part[0])
        if stated is not None:
            axes.edits.append(SizeEdit(part, operand=node.input[1], position=place))
        elif attribute(node, "split") is not None:
            axes.edits.append(SizeEdit(part, node=node, attribute="split", position=place))
        else:
            axes.freeze(part, "a Split into equal parts")


def tie_slice(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes that keep their size; one that is cut stays."""
    before, after = axes.dims(node.input[0]), axes.dims(node.output[0])
    if before is None or after is None or len(before) != len(after):
        axes.freeze_all([node.input[0], node.output[0]], UNKNOWN)
        return
    for axis, (old, new) in enumerate(zip(before, after, strict=True)):
        if old is not None and old == new and not (isinstance(old, int) and _reversed(axes, node, axis, len(before))):
            axes.tie((node.input[0], axis), (node.output[0], axis))
        else:
            axes.freeze((node.input[0], axis), f"{node.op_type} takes a part of it")
            axes.freeze((node.output[0], axis), f"{node.op_type} takes a part of it")


def _reversed(axes: AxisGraph, node: NodeProto, axis: int, rank: int) -> bool:
    """Whether a Slice names an axis at all with steps that are not 1, or not known."""
    if node.op_type != "Slice" or len(node.input) < 5 or not node.input[4]:
        return False
    steps, over = axes.constant(node.input[4]), axes.constant(node.input[3]) if node.input[3] else None
    if steps is None or over is None:
        return True
    return any(step != 1 and at % rank == axis for step, at in zip(steps, over, strict=True))


def tie_resize(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes that keep their size, and follow a stated size."""
    tie_slice(axes, node)
    if len(node.input) > 3 and node.input[3]:
        rank = len(axes.dims(node.input[0]) or ())
        for place, axis in enumerate(attribute(node, "axes") or range(rank)):
            if axes.size((node.output[0], int(axis))) is not None:
                _edit(axes, node.input[3], place, (node.output[0], int(axis) % rank))


def tie_gather(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the axes beside the one that is gathered from, which stays, unless constant indices only put it in another order."""
    data, out = axes.dims(node.input[0]), axes.dims(node.output[0])
    indices = axes.dims(node.input[1])
    if data is None or out is None or indices is None:
        axes.freeze_all([node.input[0], node.output[0]], UNKNOWN)
        return
    over = int(attribute(node, "axis", 0)) % len(data)
    order = axes.constant(node.input[1]) if len(indices) == 1 else None
    if order is not None and sorted(order) == list(range(axes.size((node.input[0], over)) or 0)):
        axes.tie((node.input[0], over), (node.output[0], over), np.asarray(order), np.arange(len(order)))
        axes.orders.append(Order(node.input[1], (node.input[0], over), (node.output[0], over)))
    else:
        axes.freeze((node.input[0], over), "elements are gathered from it")
        for axis in range(len(indices)):
            axes.freeze((node.output[0], over + axis), "gathered elements")
    for axis in range(len(data)):
        if axis != over:
            axes.tie((node.input[0], axis), (node.output[0], axis if axis < over else axis + len(indices) - 1))
    axes.freeze_all([node.input[1]], "indices")


FAMILY = {
    "Transpose": tie_transpose, "Reshape": tie_reshape, "Flatten": tie_reshape, "Squeeze": tie_kept, "Unsqueeze": tie_kept,
    "Expand": tie_expand, "Concat": tie_concat, "Split": tie_split, "Slice": tie_slice, "Pad": tie_slice, "Resize": tie_resize,
    "Upsample": tie_slice, "Tile": tie_slice, "Gather": tie_gather,
}  # fmt: skip
"""The operators of this file."""
