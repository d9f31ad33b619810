"""Dims that inference gave up on, and that are open all the same: what a window makes of an open dim is open.

onnx calls both what hangs on an open dim by way of arithmetic and what it could not work out `unk__0`. The second may
well be fixed for a compiler, the first is not; so it gets a name of its own kind here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from onnx import NodeProto

from graphfix.extents import Extent, made
from graphfix.folding import attribute
from graphfix.sizes import counted, product, sizes_of, whole
from graphfix.values import Dim, Value, is_unclear

WINDOWED = {"Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "MaxPool", "AveragePool", "LpPool", "MaxUnpool"}
"""Operators that keep the first two axes, and make each other one from the same axis of the data."""
MOVED = {"Pad", "Slice", "Resize", "Upsample", "Tile"}
"""Operators that make every axis from the same axis of the data."""
BROADCASTING = {
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Equal", "Less", "LessOrEqual",
    "Greater", "GreaterOrEqual", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift",
}  # fmt: skip
"""Operators whose operands are stretched to one shape."""
RESIZING = {"Reshape", "Concat", "Gather", "GatherElements", "GatherND", "Compress", "Unique", "NonZero", "DepthToSpace",
            "SpaceToDepth", "STFT", "CenterCropPad", "Split", "OneHot", "TopK", "ScatterND", "Col2Im"}  # fmt: skip
"""Operators that give an axis another size in ways of their own; all others keep one that the rest of the shape agrees on."""
RECURRENT = {op: {0: 0, 2: 1} for op in ("LSTM", "GRU", "RNN")}
"""Recurrent layers: time and batch stand first in the data, with the directions between them in the result."""
COUNTED = {"Range": (0, 1, 2), "TopK": (1,)}
"""Operators that make a dim from a number, and the positions of those numbers."""
FRESH = "open__"
"""Begins the names that are made here, which hold for one round of inference."""
UNTOLD = "__untold"
"""How names of dims end that an operator made in a way of its own, and what is made of them: two of them may be the same."""


@dataclass(slots=True)
class OpenDims:
    """The names found so far in one model; `any_open` tells whether it has open dims at all."""

    any_open: bool
    names: dict[str, str] = field(default_factory=dict)
    extents: dict[str, Extent] = field(default_factory=dict)
    by_extent: dict[Extent, str] = field(default_factory=dict)

    def settle(self, node: NodeProto, inputs: Sequence[Value | None], outputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """The outputs, dims known to be open by names that say so."""
        if not self.any_open or not any(_has_unclear(value) for value in outputs):
            return outputs
        outputs = tuple(map(self._named, outputs))
        if node.domain not in ("", "ai.onnx"):
            return outputs
        found = []
        for place, value in enumerate(outputs):
            dims = list(value.shape or ())
            for axis in _opened(node, inputs, value.shape or ()) if place == 0 or node.op_type in COUNTED else ():
                dim = dims[axis]
                known = dim if isinstance(dim, str) else f"{value.name}.{axis}"
                if known not in self.names:
                    self.names[known] = self._name(node, inputs, axis, dims)
                dims[axis] = self.names[known]
            found.append(replace(value, shape=tuple(dims)) if dims else value)
        return tuple(found)

    def _name(self, node: NodeProto, inputs: Sequence[Value | None], axis: int, shape: Sequence[Dim]) -> str:
        """A new name, or that of a dim which is as large whatever the inputs are."""
        fresh = f"{FRESH}{len(self.names)}"
        if (told := _told(node, inputs, axis, shape)) is not None:
            return told
        before = _source(node, inputs, axis, len(shape))
        if before is None or node.op_type not in WINDOWED | MOVED:
            return before or (fresh + UNTOLD if node.op_type in RESIZING else fresh)
        base = self.extents.get(before, Extent(before))
        extent = made(node, inputs, axis, base)
        fresh += UNTOLD if base.dim.endswith(UNTOLD) else ""
        if extent is None:
            return fresh if fresh.endswith(UNTOLD) else fresh + UNTOLD
        name = extent.dim if extent.plain else self.by_extent.setdefault(extent, fresh)
        self.extents[name] = extent
        return name

    def _named(self, value: Value) -> Value:
        if value.shape is None or self.names.keys().isdisjoint(value.shape):
            return value
        return replace(value, shape=tuple(self.names.get(dim, dim) if isinstance(dim, str) else dim for dim in value.shape))


def _opened(node: NodeProto, inputs: Sequence[Value | None], shape: tuple[Dim, ...]) -> Sequence[int]:
    """The axes of the first output that are open for sure."""
    op, data = node.op_type, inputs[0] if inputs else None
    left = [axis for axis, dim in enumerate(shape) if is_unclear(dim)]
    if op in COUNTED:
        numbers = [inputs[at] for at in COUNTED[op] if at < len(inputs)]
        told = any(n is not None and n.constant is None and n.source in ("shape", "cast-shape", "runtime") for n in numbers)
        return left if told else ()
    if data is None or data.shape is None:
        return ()
    if op in RECURRENT:
        return [axis for axis in left if axis in RECURRENT[op] and _is_open(data.shape[RECURRENT[op][axis]])]
    if op in WINDOWED or op in MOVED:
        kept = data.shape if len(data.shape) == len(shape) else ()
        return [axis for axis in left if kept and (_is_open(kept[axis]) or _is_open(_told(node, inputs, axis, shape)))]
    if op == "Transpose":
        order = attribute(node, "perm", None) or tuple(range(len(shape)))[::-1]
        return [axis for axis in left if len(data.shape) == len(shape) and _is_open(data.shape[order[axis]])]
    if op in ("MatMul", "Gemm"):
        return [axis for axis in left if len(data.shape) == len(shape) > axis + 1 and _is_open(data.shape[axis])]
    if op == "Expand":
        return [axis for axis in left if _grown(axis - len(shape), data, inputs[1] if len(inputs) > 1 else None)]
    if op in BROADCASTING:
        return [axis for axis in left if _stretched(axis - len(shape), inputs)]
    if op == "Concat":
        along = attribute(node, "axis", 0) % len(shape) if shape else 0
        dims = [v.shape[along] if v is not None and v.shape and len(v.shape) == len(shape) else None for v in inputs]
        return [along] if along in left and not any(map(is_unclear, dims)) else ()
    if op == "Flatten":
        return left if not any(map(is_unclear, data.shape)) else ()
    if op == "Reshape" and not any(map(is_unclear, data.shape)):
        rest = [dim for axis, dim in enumerate(shape) if axis not in left]
        if len(left) == 1 and set(filter(_is_open, data.shape)) - set(rest):
            return left
        return [axis for axis in left if _is_open(_asked(data, inputs, axis, copies=not attribute(node, "allowzero", 0)))]
    if op == "ConstantOfShape":
        return [axis for axis in left if _is_open(_size(data, axis))]
    if len(left) == 1 and len(data.shape) == len(shape) and op not in RESIZING:
        same = all(mine == theirs for axis, (mine, theirs) in enumerate(zip(shape, data.shape, strict=True)) if axis != left[0])
        return left if same and _is_open(data.shape[left[0]]) else ()
    return ()


def _told(node: NodeProto, inputs: Sequence[Value | None], axis: int, shape: Sequence[Dim]) -> str | None:
    """The size of an axis where arithmetic tells it: the rest of a Reshape's elements, how far a Range goes or a Slice cuts."""
    data = inputs[0] if inputs else None
    if node.op_type == "Range" and len(inputs) == 3:
        start, limit, step = (whole(value) for value in inputs)
        plain = start == (0,) and step == (1,) and limit is not None and len(limit) == 1
        return limit[0] if plain and limit is not None and isinstance(limit[0], str) else None
    if node.op_type == "Slice" and data is not None and data.shape is not None:
        length = _cut(inputs, axis)
        return length if isinstance(data.shape[axis], int) or data.shape[axis] == length else None
    if node.op_type == "Flatten" and data is not None and data.shape is not None:
        given = attribute(node, "axis", 1)
        cut = given + len(data.shape) if given < 0 else given
        count = product(*counted(data.shape[cut:] if axis else data.shape[:cut]))
        return count if isinstance(count, str) else None
    if node.op_type == "Tile" and data is not None and data.shape is not None:
        times = _repeats(inputs, axis)
        count = product(*counted((data.shape[axis], times))) if times is not None and not is_unclear(data.shape[axis]) else 0
        return count if isinstance(count, str) else None
    if node.op_type == "ConstantOfShape":
        size = _size(data, axis)
        return size if isinstance(size, str) else None
    if node.op_type != "Reshape" or data is None or data.shape is None or any(map(is_unclear, data.shape)):
        return None
    asked = _asked(data, inputs, axis, copies=not attribute(node, "allowzero", 0))
    if isinstance(asked, str) and _is_open(asked):
        return asked
    have, left = counted(data.shape)
    want, names = counted([dim for at, dim in enumerate(shape) if at != axis])
    for name in names:
        if name not in left:
            return None
        left.remove(name)
    size = product(have // want, left) if want and have % want == 0 else None
    return size if isinstance(size, str) else None


def _cut(inputs: Sequence[Value | None], axis: int) -> str | None:
    """The open dim that an axis is cut to from its beginning, as tables of positions are to the length of what is read."""
    given = [*inputs[:5], *[None] * 5][:5]
    data, axes, steps = given[0], given[3], given[4]
    starts, ends = (sizes_of(value) for value in given[1:3])
    if data is None or data.shape is None or starts is None or ends is None or (axes is not None and axes.constant is None):
        return None
    places = list(range(len(starts))) if axes is None or axes.constant is None else axes.constant.reshape(-1).tolist()
    places = [place % len(data.shape) for place in places]
    every = (1,) * len(starts) if steps is None else sizes_of(steps)
    at = places.index(axis) if axis in places else None
    if at is None or every is None or not at < min(len(starts), len(ends), len(every)) or starts[at] != 0 or every[at] != 1:
        return None
    end = ends[at]
    return end if isinstance(end, str) and _is_open(end) else None


def _size(value: Value | None, axis: int) -> Dim:
    """One element of a vector of sizes."""
    sizes = sizes_of(value)
    return sizes[axis] if sizes is not None and axis < len(sizes) else None


def _asked(data: Value, inputs: Sequence[Value | None], axis: int, *, copies: bool) -> Dim:
    """The size that the target of a Reshape asks of an axis, copied from the data where it says so."""
    size = _size(inputs[1], axis) if len(inputs) > 1 else None
    if size == 0 and copies and data.shape is not None and axis < len(data.shape):
        return data.shape[axis]
    return size


def _repeats(inputs: Sequence[Value | None], axis: int) -> Dim:
    """How often Tile repeats an axis."""
    return _size(inputs[1], axis) if len(inputs) > 1 else None


def _source(node: NodeProto, inputs: Sequence[Value | None], axis: int, rank: int) -> str | None:
    """The open dim that an axis of the result is made from, or is; None where it is one of its own."""
    op, data = node.op_type, inputs[0] if inputs else None
    if data is None or data.shape is None or op in RESIZING or op in COUNTED:
        return None
    if op in BROADCASTING:
        shapes = [value.shape for value in inputs if value is not None and value.shape is not None]
        dims = {shape[axis - rank] for shape in shapes if len(shape) >= rank - axis} - {1}
        only = dims.pop() if len(dims) == 1 else None
    elif op == "Transpose":
        only = data.shape[(attribute(node, "perm", None) or tuple(range(rank))[::-1])[axis]]
    elif op == "Expand":
        sizes = inputs[1].sizes if len(inputs) > 1 and inputs[1] is not None else None
        only = sizes[axis - rank] if sizes is not None else None
    elif op in RECURRENT:
        only = data.shape[RECURRENT[op][axis]]
    else:
        only = data.shape[axis] if axis < len(data.shape) else None
    return only if isinstance(only, str) else None


def _grown(back: int, data: Value, target: Value | None) -> bool:
    """Whether Expand fills an axis, counted from the last, as often as an open dim says."""
    sizes = target.sizes if target is not None else None
    if sizes is None or len(sizes) < -back or not _is_open(sizes[back]):
        return False
    mine = data.shape[back] if data.shape is not None and len(data.shape) >= -back else 1
    return mine == 1 or _is_open(mine)


def _stretched(back: int, inputs: Sequence[Value | None]) -> bool:
    """Whether all that operands have on an axis, counted from the last, is 1 or open, and something open."""
    shapes = [value.shape if value is not None else None for value in inputs]
    if any(shape is None for shape in shapes):
        return False
    dims = [shape[back] for shape in shapes if shape is not None and len(shape) >= -back]
    return any(map(_is_open, dims)) and all(dim == 1 or _is_open(dim) for dim in dims)


def _is_open(dim: Dim) -> bool:
    return isinstance(dim, str) and not is_unclear(dim)


def _has_unclear(value: Value) -> bool:
    return value.shape is not None and any(map(is_unclear, value.shape))
