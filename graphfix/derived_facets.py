"""Facets of single operators that no operand or attribute shows alone: what a node's parts mean together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from onnx import AttributeProto

from graphfix.attributes import Facet
from graphfix.composite_facets import agreement, attention, loop, scan
from graphfix.facts import NodeFacts, Value

Facets = dict[str, Facet]


def derived_facets(node: NodeFacts) -> Facets:
    """The facets of a node of ONNX's own domain that only its operator has; none for most operators."""
    derive = _DERIVED.get(node.op)
    return derive(node) if derive else {}


def _if(node: NodeFacts) -> Facets:
    """Whether the branches of an If agree in the shape of what they give."""
    found = agreement(*node.branches) if len(node.branches) == 2 else "same"
    return {"branches": None if found == "unknown" else found, "captures": bool(node.captured), "broken": node.broken}


def _squeeze(node: NodeFacts) -> Facets:
    """Whether the squeezed dims are known to be 1."""
    data, axes = node.inputs[0], _given_axes(node)
    if data is None or data.shape is None:
        return {"squeezed": None}
    if axes is None:
        return {"squeezed": "unknown"}
    dims = [data.shape[axis] for axis in axes if -len(data.shape) <= axis < len(data.shape)]
    if any(isinstance(dim, int) and dim != 1 for dim in dims):
        return {"squeezed": "not-one"}
    return {"squeezed": "ones" if all(dim == 1 for dim in dims) else "unknown"}


def _given_axes(node: NodeFacts, position: int = 1) -> list[int] | None:
    if len(node.inputs) > position and node.inputs[position] is not None:
        value = node.inputs[position].constant  # type: ignore[union-attr]
        return None if value is None else [int(axis) for axis in value.reshape(-1)]
    for item in node.proto.attribute:
        if item.name == "axes" and item.type == AttributeProto.INTS:
            return list(item.ints)
    return None


def _conv(node: NodeFacts) -> Facets:
    """Whether a convolution is dense, grouped or depthwise."""
    group = next((item.i for item in node.proto.attribute if item.name == "group"), 1)
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if group == 1:
        return {"group": "one"}
    channels = group if weight is None or weight.shape is None or len(weight.shape) < 2 else weight.shape[1]
    return {"group": "depthwise" if channels == 1 else "grouped"}


def _reshape(node: NodeFacts) -> Facets:
    """What stands in the target of a Reshape, 0 (copy), -1 (infer) or sizes only, and what becomes of open dims.

    `opens` is `none` where the data has no open dims beyond the copied, `inferred` where -1 stands for them and whole
    multiples, `divided` where it stands for a fraction of them, `pinned` where sizes are demanded of them.
    """
    data = node.inputs[0]
    value = node.inputs[1].constant if len(node.inputs) > 1 and node.inputs[1] is not None else None
    if value is None and len(node.inputs) == 1:
        value = np.asarray(next((item.ints for item in node.proto.attribute if item.name == "shape"), ()))
    if value is None:
        return {"target": "unknown"}
    marks = [word for word, mark in (("copy", 0), ("infer", -1)) if (value == mark).any()]
    return {"target": "+".join(marks) or "sizes", "opens": _opens(data, value.reshape(-1).tolist())}


def _opens(data: Value | None, target: Sequence[int]) -> Facet:
    if data is None or data.shape is None:
        return None
    kept = {at for at, size in enumerate(target) if size == 0}
    left = [dim for at, dim in enumerate(data.shape) if at not in kept]
    if all(isinstance(dim, int) for dim in left):
        return "none"
    if -1 not in target:
        return "pinned"
    fixed = math.prod(dim for dim in left if isinstance(dim, int))
    wanted = math.prod(size for size in target if size > 0)
    return "inferred" if wanted and fixed % wanted == 0 else "divided"


def _slice(node: NodeFacts) -> Facets:
    """Whether the sliced dims are fixed."""
    data, axes = node.inputs[0], _given_axes(node, 3)
    if data is None or data.shape is None:
        return {"sliced": None}
    if axes is None and len(node.inputs) > 3 and node.inputs[3] is not None:
        return {"sliced": "unknown"}
    if axes is None:
        starts = node.inputs[1].shape if len(node.inputs) > 1 and node.inputs[1] is not None else None
        count = starts[0] if starts and isinstance(starts[0], int) else len(data.shape)
        axes = list(range(count))
    dims = [data.shape[axis] for axis in axes if -len(data.shape) <= axis < len(data.shape)]
    return {"sliced": "fixed" if all(isinstance(dim, int) for dim in dims) else "open"}


_DERIVED: dict[str, Callable[[NodeFacts], Facets]] = {
    "Slice": _slice,
    "If": _if,
    "Loop": loop,
    "Scan": scan,
    "Attention": attention,
    "Squeeze": _squeeze,
    "Conv": _conv,
    "ConvTranspose": _conv,
    "Reshape": _reshape,
}
