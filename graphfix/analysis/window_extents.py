"""The size of a dynamic dim as an expression of the dim that a window, slice or resizing operator computed it from.

Two dims are equal for every input when their expressions are; a compiler with symbolic dims then finds them equal, and one
that must prove that operands agree otherwise rejects them.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.values import Value

FAR = 10**9
"""Slice ends of at least this value, which exporters write for the end of an axis."""


def _share(size: DimExpr, count: int) -> DimExpr | None:
    """Return the floor of the quotient of a size by a number; None for multiples, for which no support was measured."""
    if count == 1:
        return size
    return size // count if [times for product, times in size.terms if product] == [1] else None


def made(node: NodeProto, inputs: Sequence[Value | None], axis: int, before: DimExpr) -> DimExpr | None:
    """Return the size of an operator's output axis from the size of the input axis; None for an operator that is not modelled."""
    op = node.op_type
    if op in ("Conv", "MaxPool", "AveragePool", "LpPool", "ConvInteger"):
        return _windows(node, inputs, axis - 2, before)
    if op == "ConvTranspose":
        return _unfolded(node, inputs, axis - 2, before)
    if op == "Slice":
        return _sliced(inputs, axis, before)
    if op == "Pad":
        return _padded(node, inputs, axis, before)
    if op in ("Resize", "Upsample"):
        return _scaled(node, inputs, axis, before)
    return None


def _kernel(node: NodeProto, inputs: Sequence[Value | None], place: int) -> int | None:
    given = attribute(node, "kernel_shape", None)
    if given is not None:
        return int(given[place]) if place < len(given) else None
    weight = inputs[1] if len(inputs) > 1 else None
    size = weight.shape[place + 2] if weight is not None and weight.shape is not None and place + 2 < len(weight.shape) else None
    return size if isinstance(size, int) else None


def _at(node: NodeProto, name: str, place: int, default: int) -> int:
    given = attribute(node, name, None)
    return int(given[place]) if given is not None and place < len(given) else default


def _pads(node: NodeProto, place: int) -> int:
    given = list(attribute(node, "pads", None) or ())
    return int(given[place] + given[place + len(given) // 2]) if place < len(given) // 2 else 0


def _windows(node: NodeProto, inputs: Sequence[Value | None], place: int, before: DimExpr) -> DimExpr | None:
    """Return the size after a convolution or pool: floor or ceil((x + pads - dilation * (kernel - 1) - 1) / stride) + 1."""
    kernel, stride = _kernel(node, inputs, place), _at(node, "strides", place, 1)
    if place < 0 or kernel is None:
        return None
    mode = _text(attribute(node, "auto_pad", "NOTSET"))
    if mode.startswith("SAME"):
        return _share(before + (stride - 1), stride)
    reach = _at(node, "dilations", place, 1) * (kernel - 1) + 1
    left = before + ((_pads(node, place) if mode == "NOTSET" else 0) - reach)
    parts = _share(left + (stride - 1) if attribute(node, "ceil_mode", 0) else left, stride)
    return None if parts is None else parts + 1


def _unfolded(node: NodeProto, inputs: Sequence[Value | None], place: int, before: DimExpr) -> DimExpr | None:
    """Return the size after a transposed convolution: stride * (x - 1) + output_padding + dilation * (kernel - 1) + 1 - pads."""
    kernel, stride = _kernel(node, inputs, place), _at(node, "strides", place, 1)
    if place < 0 or kernel is None or _text(attribute(node, "auto_pad", "NOTSET")) != "NOTSET":
        return None
    rest = _at(node, "output_padding", place, 0) + _at(node, "dilations", place, 1) * (kernel - 1) + 1 - _pads(node, place)
    return before * stride + (rest - stride)


def _padded(node: NodeProto, inputs: Sequence[Value | None], axis: int, before: DimExpr) -> DimExpr | None:
    if len(inputs) > 3 and inputs[3] is not None:
        return None
    told = inputs[1].sizes or inputs[1].constant if len(inputs) > 1 and inputs[1] is not None else attribute(node, "pads", None)
    pads = list(told) if told is not None else []
    pair = [pads[at] for at in (axis, axis + len(pads) // 2)] if axis < len(pads) // 2 else []
    known = [int(count) for count in pair if count is not None and not isinstance(count, str)]
    return before + sum(known) if len(known) == 2 else None


def _sliced(inputs: Sequence[Value | None], axis: int, before: DimExpr) -> DimExpr | None:
    """Return the size after a Slice with constant bounds, from a non-negative start to the axis end or an offset from it."""
    numbers = [value.constant if value is not None else None for value in inputs[1:5]]
    starts, ends, axes, steps = [*numbers, *[None] * 4][:4]
    data = inputs[0]
    if starts is None or ends is None or data is None or not data.shape or (len(inputs) > 3 and axes is None):
        return None
    places = [int(place) % len(data.shape) for place in axes.reshape(-1)] if axes is not None else list(range(starts.size))
    if axis not in places:
        return before
    at = places.index(axis)
    start, end, step = (int(one.reshape(-1)[at]) for one in (starts, ends, steps if steps is not None else starts * 0 + 1))
    if start < 0 or step != 1 or 0 <= end < FAR:
        return None
    return before + ((end if end < 0 else 0) - start)


def _scaled(node: NodeProto, inputs: Sequence[Value | None], axis: int, before: DimExpr) -> DimExpr | None:
    """Return the size after a Resize by integer factors, or by reciprocals of integers."""
    at = 2 if node.op_type == "Resize" and len(inputs) > 2 else 1
    scales = inputs[at].constant if at < len(inputs) and inputs[at] is not None else attribute(node, "scales", None)  # type: ignore[union-attr]
    if scales is None or attribute(node, "axes", None) is not None or axis >= len(scales):
        return None
    scale = float(scales[axis])
    if scale >= 1:
        return before * int(scale) if scale.is_integer() else None
    share = 1 / scale if scale > 0 else 0.5
    return _share(before, round(share)) if abs(share - round(share)) < 1e-6 else None


def _text(word: str | bytes) -> str:
    return word.decode() if isinstance(word, bytes) else word
