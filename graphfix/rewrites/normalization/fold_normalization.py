"""Conv((x - mean) / std, W, b) = Conv(x, W / std, b - sum of W · mean / std), where nothing is padded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, Key, Safety

Array = npt.NDArray[np.float64]


class FoldNormalization(GraphRewrite):
    """Fold the subtraction of a mean and the division by a deviation into the following convolution.

    Why: folded, they cost nothing. Padding adds zeros to the normalized input, which no weights can reproduce, so the
    rewrite declines for a convolution with padding.
    """

    name = "fold-normalization"
    safety = Safety.EXACT
    everywhere = True
    ulps = 512
    before = """a = Sub(x, mean)
                b = Div(a, std)
                y = Conv(b, W)"""
    after = "y = Conv(x, W2, b2)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 2, 4, 4] x) => (float[1, 2, 3, 3] y)
               <float[1, 2, 1, 1] m = {0.5, -1}, float[1, 2, 1, 1] s = {2, 4}, float[2, 2, 2, 2] w =
                {1, 2, 3, 4, -1, 0, 2, 1, 0.5, 1, -2, 3, 1, 1, 0, 2}> {
                 a = Sub(x, m)
                 b = Div(a, s)
                 y = Conv(b, w) }""",
            ops=("Conv",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 2] x) => (float[1, 2, 3] y)
               <float m = {0.5}, float[2] s = {2, 4}, float[2, 1, 2] w = {1, 2, 3, 4}, float[2] k = {1, -1}> {
                 a = Sub(x, m)
                 b = Div(a, s)
                 t = Transpose<perm = [0, 2, 1]>(b)
                 y = Conv<group = 2>(t, w, k) }""",
            ops=("Transpose", "Conv"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x) => (float[1, 1, 4] y)
               <float m = {0.5}, float[1, 1, 3] w = {1, 2, 3}> {
                 a = Sub(x, m)
                 y = Conv<pads = [1, 1]>(a, w) }""",
            because="it pads: zeros stand for what is normalised already",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4] x) => (float[1, 1, 2] y)
               <float[1, 1, 4] m = {1, 2, 3, 4}, float[1, 1, 3] w = {1, 2, 3}> {
                 a = Sub(x, m)
                 y = Conv(a, w) }""",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op == "Conv" and is_standard(n)]:
                weights = surgery.known(node.inputs[1])
                found = _normalised(surgery, graph, node) if weights is not None else None
                if found is None or weights is None:
                    continue
                if len(node.inputs) > 2 and node.inputs[2].name and surgery.known(node.inputs[2]) is None:
                    yield Declined("its bias is not known", at=surgery.label(surgery.key(node)))
                    continue
                if any(node.attrs.get("pads", ())) or node.attrs.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
                    yield Declined("it pads: zeros stand for what is normalised already", at=surgery.label(surgery.key(node)))
                    continue
                yield surgery.key(node)
                _fold(surgery, node, weights, *found)


def _normalised(surgery: GraphEditor, graph: Any, node: Any) -> tuple[Any, Any, Array, Array] | None:
    """Return the nodes before the Conv: the Transpose between, if any, the first tensor, and scale and offset per channel."""
    value = surgery.value(node.inputs[0])
    channels = value.shape[1] if value is not None and value.shape is not None else None
    ends = {id(output) for output in graph.outputs}
    tensor, turn, axis = node.inputs[0], None, 1
    scale, offset = np.ones(1), np.zeros(1)  # tensor before * scale + offset = tensor after
    while not isinstance(tensor, surgery.gs.Constant) and len(tensor.inputs) == 1 and len(tensor.outputs) == 1:
        maker = tensor.inputs[0]
        if id(tensor) in ends or not is_standard(maker) or not any(maker is n for n in graph.nodes):
            break
        if maker.op == "Transpose" and turn is None and "perm" in maker.attrs:
            turn, axis, tensor = maker, maker.attrs["perm"][1], maker.inputs[0]
            continue
        numbers = _along(surgery, maker, axis, channels)
        if numbers is None:
            break
        if maker.op == "Sub":
            offset = offset - scale * numbers
        elif maker.op == "Add":
            offset = offset + scale * numbers
        else:
            scale = scale / numbers if maker.op == "Div" else scale * numbers
        tensor = maker.inputs[0]
    if (np.all(scale == 1) and np.all(offset == 0)) or not isinstance(channels, int):
        return None
    return turn, tensor, np.broadcast_to(scale, (channels,)), np.broadcast_to(offset, (channels,))


def _along(surgery: GraphEditor, maker: Any, axis: int, channels: object) -> Array | None:
    """Return the constant that a node subtracts or divides by, a scalar or one per channel; None where it is neither."""
    known = surgery.known(maker.inputs[1]) if maker.op in ("Sub", "Div", "Add", "Mul") and len(maker.inputs) == 2 else None
    value = surgery.value(maker.inputs[0])
    if known is None or value is None or value.rank is None or known.ndim > value.rank or value.dtype != "float32":
        return None
    shape = [1] * (value.rank - known.ndim) + list(known.shape)
    if any(size != 1 for place, size in enumerate(shape) if place != axis) or shape[axis] not in (1, channels):
        return None
    return known.reshape(-1).astype(np.float64)


def _fold(
    surgery: GraphEditor, node: Any, weights: npt.NDArray[Any], turn: Any, tensor: Any, scale: Array, offset: Array
) -> None:
    """Fold scale and offset into weights and bias."""
    origin, group = surgery.label(surgery.key(node)), int(node.attrs.get("group", 1))
    each = weights.shape[1]
    of = np.asarray([[row // (weights.shape[0] // group) * each + j for j in range(each)] for row in range(weights.shape[0])])
    spatial = (..., *[None] * (weights.ndim - 2))
    wide = weights.astype(np.float64)
    bias = surgery.known(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2].name else np.zeros(weights.shape[0])
    assert bias is not None
    shifted = bias + (wide * offset[of][spatial]).reshape(weights.shape[0], -1).sum(axis=1)
    scaled = wide * scale[of][spatial]
    made = [surgery.constant(f"{origin}/{name}", array.astype(weights.dtype)) for name, array in (("W", scaled), ("b", shifted))]
    if turn is not None:
        turn.inputs[0] = tensor
        node.inputs = [node.inputs[0], *made]
    else:
        node.inputs = [tensor, *made]
