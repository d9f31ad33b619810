"""The patterns of known values through operators that move elements, pool them or resize them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto

from graphfix.analysis.constant_folding import FOLDERS, attribute
from graphfix.pruning.axis_graph import AxisGraph
from graphfix.pruning.regrouping import regrouped

Pattern = npt.NDArray[Any]
Operands = Sequence[Pattern | None]


def _transpose(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data = operands[0]
    assert data is not None
    return [data.transpose(attribute(node, "perm"))]


def _reshape(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data, before, after = operands[0], axes.dims(node.input[0]), axes.dims(node.output[0])
    groups = None if before is None or after is None else regrouped(before, after)
    if data is None or before is None or after is None or groups is None:
        return []
    wide, narrow = list(data.shape), [1] * len(after)
    for old, new in groups:
        if all(data.shape[axis] == 1 for axis in old):
            continue
        sizes = [before[axis] for axis in old]
        made = [after[axis] for axis in new]
        if not all(isinstance(size, int) for size in (*sizes, *made)):
            return []
        for axis in old:
            wide[axis] = int(before[axis] or 0)
        for axis in new:
            narrow[axis] = int(after[axis] or 0)
    return [np.broadcast_to(data, wide).reshape(narrow)]


def _kept(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    """An operator that leaves equal elements equal, where nothing varies along the axes that it works on."""
    data, before, after = operands[0], axes.dims(node.input[0]), axes.dims(node.output[0])
    if data is None or before is None or after is None or len(before) != len(after):
        return []
    changed = [axis for axis, (old, new) in enumerate(zip(before, after, strict=True)) if old != new or old is None]
    changed += range(2, len(before)) if "Pool" in node.op_type or node.op_type in ("Resize", "Upsample") else []
    if any(data.shape[axis] != 1 for axis in changed):
        return []
    if node.op_type in ("Pad", "AveragePool"):  # what they pad with is 0 or another constant
        constant = len(node.input) > 2 and node.input[2] and axes.constants.get(node.input[2]) is not None
        return [np.where(data == 0, 0.0, np.nan)] if not constant and attribute(node, "value", 0.0) == 0 else []
    if attribute(node, "coordinate_transformation_mode", "") == "tf_crop_and_resize":
        return []
    return [data]


def _slice(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    """A part of a value, also of axes along which it varies where constants state which part."""
    data, before, after = operands[0], axes.dims(node.input[0]), axes.dims(node.output[0])
    stated = [axes.constant(name) for name in node.input[1:]]
    known = all(numbers is not None or not name for numbers, name in zip(stated, node.input[1:], strict=True))
    if data is None or before is None or after is None or not known:
        return _kept(node, operands, axes)
    wide = list(data.shape)
    for axis, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new or old is None:
            if not isinstance(old, int):
                return _kept(node, operands, axes)
            wide[axis] = old
    given = [np.broadcast_to(data, wide), *(None if one is None else np.asarray(one) for one in stated)]
    return [np.asarray(FOLDERS["Slice"](node, given))]


def _expand(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data, out = operands[0], axes.dims(node.output[0])
    return [] if data is None or out is None else [data.reshape((1,) * (len(out) - data.ndim) + data.shape)]


def _reduce(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    """A mean, a maximum or a minimum over axes along which nothing varies."""
    data, rank = operands[0], len(axes.dims(node.input[0]) or ())
    given = attribute(node, "axes") or (axes.constant(node.input[1]) if len(node.input) > 1 else None)
    if data is None or not given:
        return []
    over = sorted(axis % rank for axis in given)
    if any(data.shape[axis] != 1 for axis in over):
        return []
    return [data if attribute(node, "keepdims", 1) else data.reshape([s for a, s in enumerate(data.shape) if a not in over])]


def _concat(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    out = axes.dims(node.output[0])
    if out is None:
        return []
    over = int(attribute(node, "axis", 0)) % len(out)
    parts = []
    for name, pattern in zip(node.input, operands, strict=True):
        dims = axes.dims(name)
        if dims is None or not isinstance(dims[over], int):
            return []
        part = np.full((1,) * len(out), np.nan) if pattern is None else pattern
        parts.append((part, int(dims[over] or 0)))
    wide = np.broadcast_shapes(*(tuple(1 if a == over else s for a, s in enumerate(part.shape)) for part, _ in parts))
    if math.prod(wide) > 1 << 20:
        return []
    sized = [np.broadcast_to(part, (*wide[:over], size, *wide[over + 1 :])) for part, size in parts]
    return [np.concatenate(sized, over)]


def _split(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data = operands[0]
    assert data is not None
    over, start = int(attribute(node, "axis", 0)) % data.ndim, 0
    found: list[Pattern | None] = []
    for name in node.output:
        dims = axes.dims(name)
        size = dims[over] if dims is not None else None
        if not isinstance(size, int):
            return found
        found.append(data if data.shape[over] == 1 else np.take(data, range(start, start + size), over))
        start += size
    return found


def _gather(node: NodeProto, operands: Operands, axes: AxisGraph) -> list[Pattern | None]:
    data, indices, dims = operands[0], axes.constant(node.input[1]), axes.dims(node.input[1])
    if data is None or dims is None:
        return []
    over = int(attribute(node, "axis", 0)) % data.ndim
    if data.shape[over] == 1:
        return [data.reshape((*data.shape[:over], *(1 for _ in dims), *data.shape[over + 1 :]))]
    if indices is None:
        return []
    return [np.take(data, np.asarray(indices, np.int64).reshape([int(dim or 0) for dim in dims]), over)]


Rule = Callable[[NodeProto, Operands, AxisGraph], list[Pattern | None]]
MOVED: dict[str, Rule] = {
    "Transpose": _transpose, "Reshape": _reshape, "Flatten": _reshape, "Squeeze": _reshape, "Unsqueeze": _reshape,
    "Expand": _expand, "Concat": _concat, "Split": _split, "Gather": _gather,
    "Slice": _slice, **dict.fromkeys(("Pad", "Resize", "Upsample", "Tile"), _kept),
    **dict.fromkeys(("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"), _kept),
    **dict.fromkeys(("ReduceMean", "ReduceMax", "ReduceMin"), _reduce),
}  # fmt: skip
"""The patterns of a node's outputs, by operator."""
