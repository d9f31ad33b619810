"""Operands that contradict each other where every open dim is 1, which is what some runtimes load a model with.

A runtime that lays out memory before it has seen an input takes 1 for what is open, and checks its operators with that:
a Reshape of `[N, 4]` to `[3, 4]` runs for N = 3 and is refused on loading all the same. Sizes that only data decides are
not checked before there are data; they are unclear here, and contradict nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from onnx import NodeProto

from graphfix.dim_names import is_fresh, is_untold
from graphfix.dim_transfer import BROADCASTING
from graphfix.dims import DimExpr
from graphfix.folding import attribute
from graphfix.sizes import counted, sizes_of
from graphfix.values import Dim, Value, is_unclear

Unit = tuple[int | None, ...]
"""A shape where every open dim is 1, None standing for a dim that is not clear."""
Units = Sequence[Unit | None]
"""The shapes of operands in order, None standing for one that is left out, or has no known rank."""


def clashes(node: NodeProto, inputs: Sequence[Value | None], extents: Mapping[str, DimExpr]) -> bool | None:
    """Whether operands with open dims contradict the operator when those are 1; `extents` tells how windows made some of them.

    None for a product of what has no known rank, which may contradict the other operand in any case.
    """
    law = LAWS.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if law in (_matmul, _gemm) and inputs and inputs[0] is not None and inputs[0].shape is None:
        return None
    if law is None or not any(value is not None and value.shape is not None and not value.fixed for value in inputs):
        return False
    units = [None if value is None or value.shape is None else unit_shape(value.shape, extents) for value in inputs]
    return bool(units) and units[0] is not None and law(node, inputs, units, extents)


def unit_shape(shape: Sequence[Dim], extents: Mapping[str, DimExpr]) -> Unit:
    """The shape where every open dim of the model's inputs is 1."""
    return tuple([dim if isinstance(dim, int) else unit(dim, extents) for dim in shape])


def unit(dim: Dim, extents: Mapping[str, DimExpr]) -> int | None:
    """The size of a dim where every open one of the model's inputs is 1; None for one that is not clear."""
    if isinstance(dim, int):
        return dim
    if dim is None or is_unclear(dim):
        return None
    number, names = counted((dim,))
    for name in names:
        extent = extents.get(name)
        if is_untold(name) or (extent is None and is_fresh(name)):
            return None
        if extent is not None and extent.name != name:
            base = {one: size for one in extent.symbols if (size := unit(one, extents)) is not None}
            size = extent.substitute(base).number
            if size is None:
                return None
            number *= size
    return number


def _differ(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


def _at(units: Units, place: int, axis: int) -> int | None:
    """A dim of an operand; None where there is none, or it is not clear."""
    shape = units[place] if place < len(units) else None
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def _unbroadcastable(shapes: Sequence[Unit]) -> bool:
    """Whether some axis, counted from the last, has two sizes other than 1."""
    columns = itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return any(len(set(column) - {1, None}) > 1 for column in columns)


def _broadcast(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    return _unbroadcastable([shape for shape in units if shape is not None])


def _reshape(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    data, given = units[0], attribute(node, "shape") if len(inputs) < 2 else sizes_of(inputs[1])
    if data is None or given is None:
        return False
    copies = not attribute(node, "allowzero", 0)
    sizes = [data[at] if size == 0 and copies and at < len(data) else unit(size, extents) for at, size in enumerate(given)]
    known = [size for size in sizes if size is not None and size >= 0]
    if None in data or None in sizes:
        return False
    have, want = math.prod(size for size in data if size is not None), math.prod(known)
    return have != want if len(known) == len(sizes) else not want or have % want != 0


def _matmul(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    one, other = units[0], units[1] if len(units) > 1 else None
    if not one or not other:
        return False
    if _differ(one[-1], other[-2] if len(other) > 1 else other[0]):
        return True
    return _unbroadcastable([one[:-2], other[:-2]])


def _gemm(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    turned, turns = attribute(node, "transA", 0), attribute(node, "transB", 0)
    rows, deep = (_at(units, 0, at) for at in ((1, 0) if turned else (0, 1)))
    inner, columns = (_at(units, 1, at) for at in ((1, 0) if turns else (0, 1)))
    added = (units[2] if len(units) > 2 else None) or ()
    stretched = zip(reversed(added), (columns, rows), strict=False)
    return _differ(deep, inner) or any(size != 1 and _differ(size, whole) for size, whole in stretched)


def _concat(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    shapes = [shape for shape in units if shape is not None]
    rank = len(shapes[0])
    along = attribute(node, "axis", 1) % rank if rank else 0
    same = [shape for shape in shapes if len(shape) == rank]
    return any(len({shape[axis] for shape in same} - {None}) > 1 for axis in range(rank) if axis != along)


def _channels(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    """Channels that are not those of the weights."""
    data, weight = units[0] or (), units[1] if len(units) > 1 else None
    if weight is None or len(data) < 2 or len(weight) != len(data):
        return False
    deep = weight[0] if node.op_type == "ConvTranspose" else weight[1]
    group = 1 if node.op_type == "ConvTranspose" else attribute(node, "group", 1)
    return _differ(data[1], None if deep is None else deep * group)


def _channelwise(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    """Parameters of another length than the data has channels."""
    return any(_differ(_at(units, 0, 1), _at(units, place, 0)) for place in range(1, len(units)))


def _trailing(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    """Parameters that cannot be stretched over the data, beside which they stand last."""
    return any(_unbroadcastable([units[0] or (), shape]) for shape in units[1:] if shape is not None)


def _recurrent(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    batch = 0 if attribute(node, "layout", 0) else 1
    wanted = {batch: _at(units, 0, batch), 1 - batch: _at(units, 1, 0), 2: _at(units, 2, 2)}
    states = [(_at(units, place, axis), size) for place in (5, 6) for axis, size in wanted.items()]
    return _differ(_at(units, 0, 2), _at(units, 1, 2)) or any(_differ(size, whole) for size, whole in states)


def _split(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    length = _at(units, 0, attribute(node, "axis", 0))
    given = attribute(node, "split") if len(inputs) < 2 else sizes_of(inputs[1])
    if length is None:
        return False
    if given is None:
        return len(inputs) < 2 and length % len(node.output) != 0
    parts = [unit(size, extents) for size in given]
    known = [part for part in parts if part is not None]
    return len(known) == len(parts) and sum(known) != length


def _topk(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    length = _at(units, 0, attribute(node, "axis", -1))
    count = sizes_of(inputs[1]) if len(inputs) > 1 else (attribute(node, "k"),)
    wanted = unit(count[0], extents) if count else None
    return length is not None and wanted is not None and wanted > length


def _expand(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    sizes = sizes_of(inputs[1]) if len(inputs) > 1 else None
    return sizes is not None and _unbroadcastable([units[0] or (), tuple(unit(size, extents) for size in sizes)])


def _blocks(node: NodeProto, inputs: Sequence[Value | None], units: Units, extents: Mapping[str, DimExpr]) -> bool:
    size = attribute(node, "blocksize", 1)
    dims = (_at(units, 0, 1),) if node.op_type == "DepthToSpace" else (_at(units, 0, 2), _at(units, 0, 3))
    return any(dim is not None and dim % (size * size if node.op_type == "DepthToSpace" else size) != 0 for dim in dims)


Law = Callable[[NodeProto, Sequence[Value | None], Units, Mapping[str, DimExpr]], bool]
LAWS: dict[str, Law] = {
    **dict.fromkeys(BROADCASTING, _broadcast),
    "Reshape": _reshape,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "Concat": _concat,
    **dict.fromkeys(("Conv", "ConvTranspose", "ConvInteger"), _channels),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), _channelwise),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization"), _trailing),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "Split": _split,
    "TopK": _topk,
    "Expand": _expand,
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks),
}
"""What ONNX demands of the operands of these operators."""
