"""Facets of operators that make or transform signals: the axis of a DFT, the name of a node that draws numbers."""

from __future__ import annotations

from onnx import AttributeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facets.attributes import Facet, place_of_axis
from graphfix.analysis.values import NodeFacts

Facets = dict[str, Facet]

NAMED = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Operators that some compilers tell apart by the end of the node's name, not by its operator."""
LIKE = "Like"
AXIS_IS_OPERAND = 20
"""The version of DFT from which the axis is an operand."""


def generator(node: NodeFacts) -> Facets:
    """Return whether the name of a node that draws numbers ends in `Like`."""
    return {"called": name_class(node)}


def name_class(node: NodeFacts) -> str:
    """Return `like` where the name of a node ends in `Like`, else `other`."""
    return "like" if node.proto.name.endswith(LIKE) else "other"


def dft(node: NodeFacts) -> Facets:
    """Return the axis that a DFT transforms and its numbers per element.

    axis        as of an attribute, also where newer versions have an operand
    components  real | complex: whether the last dim holds one number an element or two
    lengths     which dims have the size of `dft_length`: both | own | second | none; own is the transformed one
    """
    data = node.inputs[0] if node.inputs else None
    last = data.shape[-1] if data is not None and data.shape else None
    found: Facets = {"components": {1: "real", 2: "complex"}.get(last) if isinstance(last, int) else None}
    found["lengths"] = _lengths(node)
    if node.since >= AXIS_IS_OPERAND:
        number = _axis(node)
        placed = None if number is None else AttributeProto(name="axis", type=AttributeProto.INT, i=number)
        unknown: Facets = {"axis": None, "axis.negative": None}
        found.update(unknown if placed is None else place_of_axis(placed, None if data is None else data.rank))
    return found


def _lengths(node: NodeFacts) -> str | None:
    """Return which of the transformed and the second dim have the size of `dft_length`; some compilers confuse the two."""
    data, length = (*node.inputs[:2], None, None)[:2]
    if length is None:
        return "absent"
    given = length.constant
    if data is None or data.shape is None or len(data.shape) < 2 or given is None or given.size != 1:
        return None
    axis = _axis(node)
    if axis is None or not -len(data.shape) <= axis < len(data.shape):
        return None
    own, second = (data.shape[place] == int(given.reshape(-1)[0]) for place in (axis, 1))
    return {(True, True): "both", (True, False): "own", (False, True): "second", (False, False): "none"}[own, second]


def _axis(node: NodeFacts) -> int | None:
    """Return the axis that a DFT transforms, an attribute or an operand; None where it is not known."""
    if node.since < AXIS_IS_OPERAND:
        stated = attribute(node.proto, "axis", 1)
        return int(stated) if isinstance(stated, int) else None
    given = node.inputs[2] if len(node.inputs) > 2 else None
    value = None if given is None else given.constant
    return -2 if given is None else int(value.reshape(-1)[0]) if value is not None and value.size == 1 else None
