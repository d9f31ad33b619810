"""ONNX's constraints on the sizes of operands: one rule per operator, over shapes that are known in whole or in part.

A rule yields a word for each conflict it finds. The caller chooses the shapes: the fixed sizes alone (operand_conflicts.py), or
the sizes where every dynamic dim is 1 (unit_dim_conflicts.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dim_transfer import BROADCASTING
from graphfix.analysis.symbolic_shapes import sizes_of
from graphfix.analysis.values import Dim, Value
from graphfix.ir.records import dataclass

Unit = tuple[int | None, ...]
"""A shape, None for an unknown dim."""


GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""The gates, and so the blocks of weights, of each recurrent operator; their order in ONNX is one, zrh and iofc."""


@dataclass(frozen=True, slots=True)
class Operands:
    """A node with its operands; `shapes` are None where one is left out or has no known rank, `size` reads a dim."""

    node: NodeProto
    inputs: Sequence[Value | None]
    shapes: Sequence[Unit | None]
    size: Callable[[Dim], int | None]

    def shape(self, place: int) -> Unit | None:
        """Return the shape of an operand; None where it is left out, or its rank is unknown."""
        return self.shapes[place] if place < len(self.shapes) else None

    def dim(self, place: int, axis: int) -> int | None:
        """Return a dim of an operand; None where there is no such dim, or it is unknown."""
        shape = self.shape(place)
        return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None

    def elements(self, name: str, place: int = 1) -> list[int | None] | None:
        """Return the sizes in an attribute of older opsets, or in the operand that replaced it."""
        given = attribute(self.node, name) if len(self.inputs) <= place else sizes_of(self.inputs[place])
        return None if given is None else [self.size(size) for size in given]


def differ(one: int | None, other: int | None) -> bool:
    """Return whether two dims are known and differ."""
    return one is not None and other is not None and one != other


def _unbroadcastable(shapes: Sequence[Unit]) -> bool:
    """Return whether some axis, aligned at the last one, has two different sizes other than 1."""
    columns = itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return any(len(set(column) - {1, None}) > 1 for column in columns)


def _broadcast(of: Operands) -> Iterator[str]:
    if _unbroadcastable([shape for shape in of.shapes if shape is not None]):
        yield "stretch"


def _reshape(of: Operands) -> Iterator[str]:
    data = of.shape(0)
    given = attribute(of.node, "shape") if len(of.inputs) < 2 else sizes_of(of.inputs[1])
    if data is None or given is None:
        return
    copies = not attribute(of.node, "allowzero", 0)
    sizes = [data[at] if size == 0 and copies and at < len(data) else of.size(size) for at, size in enumerate(given)]
    known = [size for size in sizes if size is not None and size >= 0]
    if None in data or None in sizes:
        return
    have, want = math.prod(size for size in data if size is not None), math.prod(known)
    if have != want if len(known) == len(sizes) else not want or have % want != 0:
        yield "count"


def _matmul(of: Operands) -> Iterator[str]:
    one, other = of.shape(0), of.shape(1)
    if not one or not other:
        return
    if differ(one[-1], other[-2] if len(other) > 1 else other[0]):
        yield "inner" if len(one) > 1 and len(other) > 1 else "vector"
    if _unbroadcastable([one[:-2], other[:-2]]):
        yield "stretch"


def _gemm(of: Operands) -> Iterator[str]:
    turned, turns = attribute(of.node, "transA", 0), attribute(of.node, "transB", 0)
    rows, deep = (of.dim(0, at) for at in ((1, 0) if turned else (0, 1)))
    inner, columns = (of.dim(1, at) for at in ((1, 0) if turns else (0, 1)))
    if differ(deep, inner):
        yield "inner"
    if any(size != 1 and differ(size, whole) for size, whole in zip(reversed(of.shape(2) or ()), (columns, rows), strict=False)):
        yield "stretch"


def _concat(of: Operands) -> Iterator[str]:
    shapes = [shape for shape in of.shapes if shape is not None]
    rank = len(shapes[0])
    along = attribute(of.node, "axis", 1) % rank if rank else 0
    same = [shape for shape in shapes if len(shape) == rank]
    if any(len({shape[axis] for shape in same} - {None}) > 1 for axis in range(rank) if axis != along):
        yield "axis"


def _channels(of: Operands) -> Iterator[str]:
    """Yield conflicts between the channels of the data and those of the weights."""
    data, weight = of.shape(0), of.shape(1)
    if data is None or weight is None:
        return
    if len(weight) != len(data):
        yield "rank"
    elif len(data) > 1:
        turned = of.node.op_type == "ConvTranspose"
        deep = weight[0] if turned else weight[1]
        if differ(data[1], None if deep is None else deep * (1 if turned else attribute(of.node, "group", 1))):
            yield "channels"


def _channelwise(of: Operands) -> Iterator[str]:
    """Yield conflicts of parameters whose length is not the number of channels."""
    if any(differ(of.dim(0, 1), of.dim(place, 0)) for place in range(1, len(of.shapes))):
        yield "channels"


def _trailing(of: Operands) -> Iterator[str]:
    """Yield conflicts of parameters that cannot be broadcast to the trailing axes of the data."""
    if any(_unbroadcastable([of.shape(0) or (), shape]) for shape in of.shapes[1:] if shape is not None):
        yield "stretch"


def _recurrent(of: Operands) -> Iterator[str]:
    if len(of.shape(0) or ()) != 3:
        yield "rank"
    if differ(of.dim(0, 2), of.dim(1, 2)):
        yield "inner"
    hidden, gates = attribute(of.node, "hidden_size", None), GATES[of.node.op_type]
    deep = of.dim(2, 2) if hidden is None else int(hidden)
    rows = None if deep is None else gates * deep
    if differ(of.dim(2, 2), deep) or differ(of.dim(1, 1), rows) or differ(of.dim(2, 1), rows):
        yield "hidden"
    batch = 0 if attribute(of.node, "layout", 0) else 1
    wanted = {batch: of.dim(0, batch), 1 - batch: of.dim(1, 0), 2: of.dim(2, 2)}
    if any(differ(of.dim(place, axis), size) for place in (5, 6) for axis, size in wanted.items()):
        yield "state"


def _split(of: Operands) -> Iterator[str]:
    length, parts = of.dim(0, attribute(of.node, "axis", 0)), of.elements("split")
    if length is None:
        return
    if parts is None:
        even = attribute(of.node, "num_outputs", None) is None  # from opset 18 on, which has it, the last part may be smaller
        if even and len(of.inputs) < 2 and length % len(of.node.output) != 0:
            yield "count"
        return
    known = [part for part in parts if part is not None]
    if len(known) == len(parts) and sum(known) != length:
        yield "count"


def _topk(of: Operands) -> Iterator[str]:
    length = of.dim(0, attribute(of.node, "axis", -1))
    count = sizes_of(of.inputs[1]) if len(of.inputs) > 1 else (attribute(of.node, "k"),)
    wanted = of.size(count[0]) if count else None
    if length is not None and wanted is not None and wanted > length:
        yield "count"


def _expand(of: Operands) -> Iterator[str]:
    sizes = of.elements("") if len(of.inputs) > 1 else None
    if sizes is not None and _unbroadcastable([of.shape(0) or (), tuple(sizes)]):
        yield "stretch"


def _blocks(of: Operands) -> Iterator[str]:
    size, deep = attribute(of.node, "blocksize", 1), of.node.op_type == "DepthToSpace"
    dims = (of.dim(0, 1),) if deep else (of.dim(0, 2), of.dim(0, 3))
    if any(dim is not None and dim % (size * size if deep else size) != 0 for dim in dims):
        yield "count"


def _squeeze(of: Operands) -> Iterator[str]:
    """Yield conflicts of squeezed axes whose size is not 1."""
    axes = of.inputs[1].constant if len(of.inputs) > 1 and of.inputs[1] is not None else None
    wanted = attribute(of.node, "axes") if axes is None else axes.reshape(-1).tolist()
    if any(differ(of.dim(0, axis), 1) for axis in wanted or ()):
        yield "axis"


def _suppression(of: Operands) -> Iterator[str]:
    """Yield conflicts between boxes of four coordinates and the scores of each."""
    if differ(of.dim(0, 2), 4):
        yield "coordinates"
    if differ(of.dim(0, 0), of.dim(1, 0)) or differ(of.dim(0, 1), of.dim(1, 2)):
        yield "count"


def _scatter_slices(of: Operands) -> Iterator[str]:
    """Yield conflicts between updates and what their indices point at: a slice of the data for each."""
    data, indices, updates = (of.shape(place) for place in range(3))
    depth = indices[-1] if indices else None
    if data is None or not indices or updates is None or depth is None or depth > len(data):
        return
    wanted = (*indices[:-1], *data[depth:])
    if len(wanted) != len(updates) or any(map(differ, wanted, updates)):
        yield "slice"


OPERAND_LAWS: Mapping[str, Callable[[Operands], Iterator[str]]] = {
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
    "Squeeze": _squeeze,
    "NonMaxSuppression": _suppression,
    "ScatterND": _scatter_slices,
}
"""By operator: the conflicts between its operands."""
