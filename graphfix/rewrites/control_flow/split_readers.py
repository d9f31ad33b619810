"""Reading a sequence that an axis of unknown length was split into, and a tensor at a place known at run time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, helper

from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.opset_forms import in_opset_form

Replacement = tuple[list[NodeProto], dict[str, Any], Mapping[str, np.ndarray[Any, Any]]]
"""New nodes that make `out`, the tensors that their operands are, and their constants."""


def read_split(surgery: GraphEditor, node: Any, maker: Any) -> Replacement | None:
    """Return what a consumer of `SplitToSequence` reads, computed from the tensor that was split; None where it cannot be.

    All parts but the last have one known length; joining them along the same axis gives the tensor that was split.
    """
    bare = len(maker.inputs) < 2 or not maker.inputs[1].name
    split = np.asarray(1) if bare else surgery.known(maker.inputs[1])
    axis, drops = int(maker.attrs.get("axis", 0)), bare and not maker.attrs.get("keepdims", 1)
    value = surgery.value(maker.inputs[0])
    if value is None or value.shape is None:
        return None
    axis %= len(value.shape)
    bound, constants = {"x": maker.inputs[0]}, dict[str, np.ndarray[Any, Any]]()
    nodes: list[NodeProto] | None = None
    if node.op == "ConcatFromSequence":
        adds, along = bool(node.attrs.get("new_axis", 0)), int(node.attrs["axis"])
        if adds == drops and along % len(value.shape) == axis:
            nodes = [helper.make_node("Identity", ["x"], ["out"])]
        elif drops:
            nodes = _joined(value.shape, axis, along, constants, adds=adds)
    elif split is None or split.ndim or split <= 0:
        return None
    elif node.op == "SequenceLength":
        constants |= {"axis": np.asarray(axis), "step": np.asarray(int(split)), "up": np.asarray(int(split) - 1)}
        nodes = [
            helper.make_node("Shape", ["x"], ["dims"]),
            helper.make_node("Gather", ["dims", "axis"], ["size"], axis=0),
            helper.make_node("Add", ["size", "up"], ["more"]),
            helper.make_node("Div", ["more", "step"], ["out"]),
        ]
    else:
        nodes = _part(surgery, node.inputs[1], bound, constants, axis, int(split), drops=drops)
    if nodes is None:
        return None
    written, operands = in_opset_form(nodes, surgery.opset, None)
    return written, bound, {**constants, **operands}


def _joined(
    dims: Sequence[int | str | None], axis: int, along: int, constants: dict[str, np.ndarray[Any, Any]], *, adds: bool
) -> list[NodeProto] | None:
    """Return the nodes that join parts, which were cut off along `axis`, along another axis of theirs or a new one."""
    rank = len(dims)
    along %= rank if adds else rank - 1
    order = [place for place in range(rank) if place != axis]
    order.insert(along, axis)
    behind = [dims[place] for place in order[along + 2 :]]
    stays = order == list(range(rank))
    moved = [] if stays else [helper.make_node("Transpose", ["x"], ["out" if adds else "moved"], perm=order)]
    if adds:
        return moved
    if not all(isinstance(dim, int) for dim in behind):
        return None
    constants["merged"] = np.asarray([*[0] * along, -1, *behind], np.int64)
    return [*moved, helper.make_node("Reshape", ["x" if stays else "moved", "merged"], ["out"])]


def _part(
    surgery: GraphEditor,
    place: Any,
    bound: dict[str, Any],
    constants: dict[str, np.ndarray[Any, Any]],
    axis: int,
    step: int,
    *,
    drops: bool,
) -> list[NodeProto] | None:
    """Return the nodes that read one part, whose place is a number or, for parts of length 1, a value."""
    known = surgery.known(place)
    if step == 1:
        bound["place"] = place
        if drops:
            return [helper.make_node("Gather", ["x", "place"], ["out"], axis=axis)]
        constants["one"] = np.asarray([1])
        return [
            helper.make_node("Reshape", ["place", "one"], ["row"]),
            helper.make_node("Gather", ["x", "row"], ["out"], axis=axis),
        ]
    if known is None or known.size != 1 or (at := int(known.reshape(()))) < 0:
        return None
    return [helper.make_node("Slice", ["x"], ["out"], starts=[at * step], ends=[(at + 1) * step], axes=[axis])]


def chosen_tensor(names: Sequence[str], place: str) -> list[NodeProto]:
    """Return nodes that select one of several tensors of the same shape, by a scalar known at run time."""
    rows = [f"row_of_{name}" for name in names]
    return [
        *(helper.make_node("Unsqueeze", [name], [row], axes=[0]) for name, row in zip(names, rows, strict=True)),
        helper.make_node("Concat", rows, ["stack"], axis=0),
        helper.make_node("Gather", ["stack", place], ["out"], axis=0),
    ]
