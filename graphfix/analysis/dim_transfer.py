"""The transfer functions of dynamic dims: for each operator, which output axes are surely dynamic, their sizes and their sources.

`transfer(op)` returns the functions of one operator; each of them takes a step and one axis of the first output.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.summed_sizes import difference
from graphfix.analysis.symbolic_shapes import counted, product, sizes_of, whole
from graphfix.analysis.values import Dim, Shape, Value, is_unclear
from graphfix.ir.records import dataclass

WINDOWED = {"Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "MaxPool", "AveragePool", "LpPool", "MaxUnpool"}
"""Operators that keep the first two axes and compute each other axis from the same axis of the data."""
MOVED = {"Pad", "Slice", "Resize", "Upsample", "Tile"}
"""Operators that compute every axis from the same axis of the data."""
BROADCASTING = {
    "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Mean", "Sum", "Where", "PRelu", "Equal", "Less", "LessOrEqual",
    "Greater", "GreaterOrEqual", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift",
}  # fmt: skip
"""Operators whose operands are broadcast to one shape."""
RESIZING = {"Reshape", "Concat", "Gather", "GatherElements", "GatherND", "Compress", "Unique", "NonZero", "DepthToSpace",
            "SpaceToDepth", "STFT", "CenterCropPad", "Split", "OneHot", "TopK", "ScatterND", "Col2Im"}  # fmt: skip
"""Operators that may change the size of an axis by a rule not modelled here; all others keep an axis beside unchanged ones."""
RECURRENT = {op: {0: 0, 2: 1} for op in ("LSTM", "GRU", "RNN")}
"""Recurrent operators: the data starts with time and batch, and the result has the directions between these two axes."""
COUNTED = {"Range": (0, 1, 2), "TopK": (1,)}
"""Operators that make a dim from the value of an operand, and the positions of those operands."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node, its operands, and the shape of its first output, of which some axes are unknown to onnx."""

    node: NodeProto
    inputs: Sequence[Value | None]
    shape: Shape
    unclear: tuple[int, ...]
    data: Shape | None
    """The shape of the first operand."""

    @classmethod
    def of(cls, node: NodeProto, inputs: Sequence[Value | None], shape: Shape) -> Step:
        """Make the step of a node."""
        data = inputs[0].shape if inputs and inputs[0] is not None else None
        return cls(node, inputs, shape, tuple([axis for axis, dim in enumerate(shape) if is_unclear(dim)]), data)

    def operand(self, position: int) -> Value | None:
        """Return an operand; None where it is left out."""
        return self.inputs[position] if position < len(self.inputs) else None

    def dim(self, axis: int) -> Dim:
        """Return a dim of the data; None where there is no such axis, or nothing is known of it."""
        return self.data[axis] if self.data is not None and axis < len(self.data) else None

    def size(self, position: int, axis: int) -> Dim:
        """Return an element of an operand that is a vector of sizes."""
        sizes = sizes_of(self.operand(position))
        return sizes[axis] if sizes is not None and axis < len(sizes) else None

    @property
    def ranked_alike(self) -> bool:
        """Return whether the data has the same rank as the result."""
        return self.data is not None and len(self.data) == len(self.shape)

    @property
    def clear(self) -> bool:
        """Return whether every dim of the data is either fixed or surely dynamic."""
        return self.data is not None and not any(map(is_unclear, self.data))


@dataclass(frozen=True, slots=True)
class Transfer:
    """The transfer functions of one operator for dynamic dims, from its operands to its first output."""

    dynamic: Callable[[Step, int], bool]
    """Returns whether an axis unknown to onnx is surely dynamic."""
    size: Callable[[Step, int], Dim] = lambda step, axis: None
    """Returns the dim of an axis by shape arithmetic, or None where that gives no result."""
    source: Callable[[Step, int], Dim] = Step.dim
    """Returns the dim that an axis equals or is computed from; None for a new dim."""


@functools.cache
def transfer(op: str) -> Transfer:
    """Return the transfer functions of an operator of ONNX's own domain."""
    if op in TRANSFER:
        return TRANSFER[op]
    if op in RESIZING:
        return Transfer(_never, source=_nowhere)
    return Transfer(_broadcast, source=_only_one) if op in BROADCASTING else Transfer(_kept)


def is_dynamic(dim: Dim) -> bool:
    """Return whether a dim is surely dynamic."""
    return isinstance(dim, str) and not is_unclear(dim)


def _never(step: Step, axis: int) -> bool:
    return False


def _nowhere(step: Step, axis: int) -> Dim:
    return None


def _kept(step: Step, axis: int) -> bool:
    """Return whether the axis is kept because all other axes are those of the data."""
    if len(step.unclear) != 1 or step.data is None or not step.ranked_alike or not is_dynamic(step.data[axis]):
        return False
    return all(mine == theirs for at, (mine, theirs) in enumerate(zip(step.shape, step.data, strict=True)) if at != axis)


def _counted(step: Step, axis: int) -> bool:
    numbers = [step.operand(at) for at in COUNTED[step.node.op_type]]
    return any(n is not None and n.constant is None and n.source in ("shape", "cast-shape", "runtime") for n in numbers)


def _range(step: Step, axis: int) -> Dim:
    """Return the limit of a Range that starts at 0, or the difference of both limits where that is a dim."""
    if len(step.inputs) != 3 or whole(step.inputs[2]) != (1,):
        return None
    return difference(step.inputs[0], step.inputs[1])


def _recurrent(step: Step, axis: int) -> bool:
    return axis in RECURRENT[step.node.op_type] and is_dynamic(_recurrent_source(step, axis))


def _recurrent_source(step: Step, axis: int) -> Dim:
    return step.dim(RECURRENT[step.node.op_type][axis])


def _windowed(step: Step, axis: int) -> bool:
    return step.ranked_alike and (is_dynamic(step.dim(axis)) or is_dynamic(told(step, axis)))


def _transposed(step: Step, axis: int) -> bool:
    return step.ranked_alike and is_dynamic(_transposed_source(step, axis))


def _transposed_source(step: Step, axis: int) -> Dim:
    return step.dim((attribute(step.node, "perm", None) or tuple(range(len(step.shape)))[::-1])[axis])


def _multiplied(step: Step, axis: int) -> bool:
    return step.ranked_alike and axis + 1 < len(step.shape) and is_dynamic(step.dim(axis))


def _expanded(step: Step, axis: int) -> bool:
    """Return whether an axis is expanded to a dynamic dim."""
    back = axis - len(step.shape)
    mine = step.data[back] if step.data is not None and len(step.data) >= -back else 1
    return is_dynamic(_expanded_source(step, axis)) and (mine == 1 or is_dynamic(mine))


def _expanded_source(step: Step, axis: int) -> Dim:
    target, back = step.operand(1), axis - len(step.shape)
    sizes = target.sizes if target is not None else None
    return sizes[back] if sizes is not None and len(sizes) >= -back else None


def _broadcast(step: Step, axis: int) -> bool:
    """Return whether every operand dim on an axis, aligned at the last axis, is 1 or dynamic, and at least one is dynamic."""
    back, shapes = axis - len(step.shape), [value.shape if value is not None else None for value in step.inputs]
    if any(shape is None for shape in shapes):
        return False
    dims = [shape[back] for shape in shapes if shape is not None and len(shape) >= -back]
    return any(map(is_dynamic, dims)) and all(dim == 1 or is_dynamic(dim) for dim in dims)


def dims_on(step: Step, axis: int) -> frozenset[Dim]:
    """Return the dims other than 1 that broadcast operands have on an axis."""
    back, shapes = axis - len(step.shape), [value.shape for value in step.inputs if value is not None and value.shape is not None]
    return frozenset(shape[back] for shape in shapes if len(shape) >= -back) - {1}


def _only_one(step: Step, axis: int) -> Dim:
    """Return the only dim other than 1 that the operands have on an axis."""
    dims = dims_on(step, axis)
    return next(iter(dims)) if len(dims) == 1 else None


def _joined(step: Step, axis: int) -> bool:
    rank = len(step.shape)
    along = attribute(step.node, "axis", 0) % rank if rank else 0
    dims = [v.shape[along] if v is not None and v.shape and len(v.shape) == rank else None for v in step.inputs]
    return axis == along and not any(map(is_unclear, dims))


def _flattened(step: Step, axis: int) -> bool:
    return step.clear


def _flattened_size(step: Step, axis: int) -> Dim:
    data, given = step.data or (), attribute(step.node, "axis", 1)
    cut = given + len(data) if given < 0 else given
    return product(*counted(data[cut:] if axis else data[:cut]))


def _filled(step: Step, axis: int) -> bool:
    return is_dynamic(step.size(0, axis))


def _filled_size(step: Step, axis: int) -> Dim:
    return step.size(0, axis)


def _repeated_size(step: Step, axis: int) -> Dim:
    times, dim = step.size(1, axis), step.dim(axis)
    return product(*counted((dim, times))) if times is not None and not is_unclear(dim) else None


def _resized_size(step: Step, axis: int) -> Dim:
    """Return the size that the `sizes` of a Resize state, where they are about every axis and are kept."""
    policy = attribute(step.node, "keep_aspect_ratio_policy", b"stretch")
    if attribute(step.node, "axes", None) or policy not in (b"stretch", "stretch"):
        return None
    return step.size(3, axis)


def _reshaped(step: Step, axis: int) -> bool:
    if not step.clear or step.data is None:
        return False
    rest = [dim for at, dim in enumerate(step.shape) if at not in step.unclear]
    left = set(counted(step.data)[1]) - set(counted(rest)[1])
    return (len(step.unclear) == 1 and bool(left)) or is_dynamic(_asked(step, axis))


def _asked(step: Step, axis: int) -> Dim:
    """Return the size that the target of a Reshape states for an axis, copied from the data where the target is 0."""
    size = step.size(1, axis)
    copies = size == 0 and not attribute(step.node, "allowzero", 0) and step.data is not None and axis < len(step.data)
    return step.dim(axis) if copies else size


def _reshaped_size(step: Step, axis: int) -> Dim:
    """Return the size in the target, or for -1 the number of elements divided by the other axes."""
    if not step.clear or step.data is None:
        return None
    if is_dynamic(asked := _asked(step, axis)):
        return asked
    have, left = counted(step.data)
    want, names = counted([dim for at, dim in enumerate(step.shape) if at != axis])
    for name in names:
        if name not in left:
            return None
        left.remove(name)
    return product(have // want, left) if want and have % want == 0 else None


def _cut_size(step: Step, axis: int) -> Dim:
    """Return the dynamic dim that an axis is sliced to, as a position table is to the sequence length, behind a cache also."""
    starts, ends = (sizes_of(step.operand(at)) for at in (1, 2))
    axes, steps = step.operand(3), step.operand(4)
    if not step.data or starts is None or ends is None or (axes is not None and axes.constant is None):
        return None
    places = list(range(len(starts))) if axes is None or axes.constant is None else axes.constant.reshape(-1).tolist()
    places = [place % len(step.data) for place in places]
    every = (1,) * len(starts) if steps is None else sizes_of(steps)
    if axis not in places:
        return step.dim(axis)
    at = places.index(axis)
    if every is None or not at < min(len(starts), len(ends), len(every)) or every[at] != 1:
        return None
    end, dim = ends[at], step.dim(axis)
    if starts[at] != 0:
        end = difference(step.operand(1), step.operand(2)) if isinstance(dim, int) else None
    return end if is_dynamic(end) and (isinstance(dim, int) or dim == end) else None


def told(step: Step, axis: int) -> str | None:
    """Return the dynamic dim of an axis by shape arithmetic."""
    size = transfer(step.node.op_type).size(step, axis)
    return size if isinstance(size, str) else None


TRANSFER: dict[str, Transfer] = {
    **dict.fromkeys(WINDOWED | MOVED, Transfer(_windowed)),
    "Resize": Transfer(_windowed, size=_resized_size),
    **dict.fromkeys(RECURRENT, Transfer(_recurrent, source=_recurrent_source)),
    **dict.fromkeys(("MatMul", "Gemm"), Transfer(_multiplied)),
    "Slice": Transfer(_windowed, _cut_size),
    "Tile": Transfer(_windowed, _repeated_size),
    "Range": Transfer(_counted, _range, _nowhere),
    "TopK": Transfer(_counted, source=_nowhere),
    "Transpose": Transfer(_transposed, source=_transposed_source),
    "Expand": Transfer(_expanded, source=_expanded_source),
    "Concat": Transfer(_joined, source=_nowhere),
    "Flatten": Transfer(_flattened, _flattened_size),
    "Reshape": Transfer(_reshaped, _reshaped_size, _nowhere),
    "ConstantOfShape": Transfer(_filled, _filled_size),
}
"""The transfer functions of operators that neither broadcast nor keep all other axes."""
