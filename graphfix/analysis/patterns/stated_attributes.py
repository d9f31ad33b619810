"""Attributes that a model states although they say what is the default, or leaves out, and Casts that do nothing.

A converter may know a Cast only without `saturate`, which matters for 8-bit floats alone, and a Pad only with `mode`. It may
remove a Cast to the dtype that its data has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.patterns.structural_pattern import StructuralPattern, Told
from graphfix.analysis.values import Value
from graphfix.ir.dtypes import CODES


def _cast(node: NodeProto, inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether `saturate` is there, whatever it says, and whether the dtype remains."""
    data = inputs[0] if inputs else None
    return {
        "saturation": _states(node, "saturate"),
        "idle": data is not None and CODES.get(data.dtype) == attribute(node, "to"),
    }


def _pad(node: NodeProto, _inputs: Sequence[Value | None], _extents: Mapping[str, DimExpr]) -> Told:
    """Whether `mode` is there."""
    return {"padding.mode": _states(node, "mode")}


def _states(node: NodeProto, name: str) -> str:
    return "stated" if any(item.name == name for item in node.attribute) else "unstated"


CAST = StructuralPattern(frozenset({"Cast"}), {"saturation": "unstated", "idle": False}, judge=_cast, own=True)
PAD = StructuralPattern(frozenset({"Pad"}), {"padding.mode": "unstated"}, judge=_pad, own=True)
