"""The rules for shapes of parts of a tensor that onnx does not infer: Slice, Split, TopK, and reductions over computed axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.symbolic_shapes import sizes_of
from graphfix.analysis.values import Shape, Value, is_unclear

Inputs = Sequence[Value | None]
Outputs = tuple[Value, ...]


def told(output: Value, dims: Shape, dtype: str) -> Value:
    """Return the output with other dims, and with the dtype where it has none."""
    return output if dims == output.shape else replace(output, dtype=output.dtype or dtype, shape=dims)


def _stated(output: Value, rank: int) -> Shape:
    """Return the dims of an output that are known, where it has that rank."""
    return output.shape if output.shape is not None and len(output.shape) == rank else (None,) * rank


def by_axes(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Keep the sizes of the axes that a Slice with unknown bounds does not slice."""
    data, output = inputs[0], outputs[0]
    if len(inputs) < 3 or data is None or not data.shape or output.fixed:
        return outputs
    axes, starts = inputs[3] if len(inputs) > 3 else None, inputs[1]
    if axes is not None and axes.constant is not None:
        cut = {int(axis) % len(data.shape) for axis in axes.constant.reshape(-1)}
    elif axes is None and starts is not None and starts.fixed and starts.shape:
        cut = {at for at in range(len(data.shape)) if at < starts.shape[0]}  # type: ignore[operator]
    else:
        return outputs
    pairs = enumerate(zip(data.shape, _stated(output, len(data.shape)), strict=True))
    dims = tuple(was if at not in cut and is_unclear(now) and not is_unclear(was) else now for at, (was, now) in pairs)
    return told(output, dims, data.dtype), *outputs[1:]


def by_bounds(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the sizes of the fixed axes whose bounds a Slice states; other bounds may be unknown."""
    data, output = inputs[0], outputs[0]
    if len(inputs) < 3 or data is None or not data.shape or output.shape is None or len(output.shape) != len(data.shape):
        return outputs
    starts, ends, axes, steps = (sizes_of(value) for value in (*inputs[1:], None, None)[:4])
    if output.fixed or not starts or not ends or len(starts) != len(ends):
        return outputs
    if any(len(inputs) > at and inputs[at] is not None and not found for at, found in ((3, axes), (4, steps))):
        return outputs
    dims = list(output.shape)
    for start, end, axis, step in zip(starts, ends, axes or range(len(starts)), steps or (1,) * len(starts), strict=False):
        if not isinstance(axis, int) or not -len(dims) <= axis < len(dims):
            return outputs
        dim = data.shape[axis]
        if is_unclear(dims[axis]) and isinstance(dim, int) and isinstance(start, int) and isinstance(end, int):
            dims[axis] = len(range(dim)[start:end:step]) if isinstance(step, int) and step > 0 else dims[axis]
    return told(output, tuple(dims), data.dtype), *outputs[1:]


def by_parts(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the sizes of the parts that a Split states, also along an axis of unknown size."""
    parts = attribute(node, "split") if len(inputs) < 2 else sizes_of(inputs[1])
    data, axis = inputs[0], attribute(node, "axis", 0)
    if data is None or data.shape is None or parts is None or len(parts) != len(outputs):
        return outputs
    if not -len(data.shape) <= axis < len(data.shape):
        return outputs
    found = []
    for output, part in zip(outputs, parts, strict=True):
        if isinstance(part, int) and output.shape is not None and len(output.shape) == len(data.shape):
            at = axis % len(data.shape)
            output = told(output, (*output.shape[:at], part, *output.shape[at + 1 :]), data.dtype)
        found.append(output)
    return tuple(found)


def by_choice(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the outputs of a TopK from its data and K; onnx infers only their rank where the axis is dynamic."""
    data, count = inputs[0], sizes_of(inputs[1]) if len(inputs) > 1 else None
    axis = attribute(node, "axis", -1)
    if data is None or not data.shape or not -len(data.shape) <= axis < len(data.shape):
        return outputs
    wanted = list(data.shape)
    wanted[axis] = count[0] if count and not is_unclear(count[0]) else None
    found = []
    for output in outputs:
        pairs = zip(wanted, _stated(output, len(wanted)), strict=True)
        dims = tuple(new if new is not None and is_unclear(old) else old for new, old in pairs)
        found.append(told(output, dims, data.dtype if output is outputs[0] else "int64") if output.name else output)
    return tuple(found)


def by_reduction(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the dims that a reduction over computed axes leaves."""
    data, axes = inputs[0], inputs[1] if len(inputs) > 1 else None
    if data is None or data.shape is None or axes is None or axes.constant is None or outputs[0].shape is not None:
        return outputs
    rank = len(data.shape)
    given = [int(axis) for axis in axes.constant.reshape(-1)]
    if not given and attribute(node, "noop_with_empty_axes", 0):
        return told(outputs[0], data.shape, data.dtype), *outputs[1:]
    if any(not -rank <= axis < rank for axis in given):
        return outputs
    gone = {axis % rank for axis in given or range(rank)}
    kept = attribute(node, "keepdims", 1)
    dims = tuple(1 if at in gone else dim for at, dim in enumerate(data.shape) if kept or at not in gone)
    return told(outputs[0], dims, data.dtype), *outputs[1:]
